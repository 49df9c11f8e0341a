// N documents of one holder: wiring only (SPEC §5.5 has the inputs' names).
pragma circom 2.2.0;

include "document.circom";

template Documents(N) {
    signal input {binary} on[N], once[N];
    signal input schema[N], scope[N], directoryRoot, now, request, context;
    signal input holderSecret;
    signal input fields[N][16], serial[N], listId[N], issuedAt[N], expiresAt[N], documentHash[N];
    signal input issuerOrg[N], issuerClass[N], issuingKey[N][2], signatureR8[N][2], signatureS[N];
    signal input statusWordIndex[N], statusByte[N], statusBit[N], statusWord[N], statusSiblings[N][6][3];
    signal input directoryPosition[N], directorySiblings[N][8][3];
    signal output nullifier[N], linkTag[N], register[N][20];

    for (var i = 0; i < N; i++) {
        (nullifier[i], linkTag[i], register[i]) <== Document()(
            on[i], once[i], schema[i], directoryRoot, now, scope[i], request, context, holderSecret,
            fields[i], serial[i], listId[i], issuedAt[i], expiresAt[i], documentHash[i],
            issuerOrg[i], issuerClass[i], issuingKey[i], signatureR8[i], signatureS[i],
            statusWordIndex[i], statusByte[i], statusBit[i], statusWord[i], statusSiblings[i],
            directoryPosition[i], directorySiblings[i]);
    }
}
