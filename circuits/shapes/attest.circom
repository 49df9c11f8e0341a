// Shape `attest`: one document, six rules, membership in one set (SPEC §5). Wiring only.
//
// Public, in order    SPEC §5.4      Private    SPEC §5.5      Proves    SPEC §5.6
// Cost: 15,968 at --O2; with the public inputs within 2^14.
pragma circom 2.2.0;

include "../lib/documents.circom";
include "../lib/membership.circom";
include "../lib/statement.circom";

template Attest() {
    signal output nullifier, linkTag, disclosure;

    signal input rules, layout, schema, literal[4], parameterCommitment, directoryRoot, setRoot;
    signal input now, scope, request, context;

    signal input fields[1][16], serial[1], listId[1], issuedAt[1], expiresAt[1], documentHash[1];
    signal input issuerOrg[1], issuerClass[1], issuingKey[1][2], signatureR8[1][2], signatureS[1];
    signal input statusWordIndex[1], statusByte[1], statusBit[1], statusWord[1], statusSiblings[1][6][3];
    signal input directoryPosition[1], directorySiblings[1][8][3];
    signal input holderSecret, parameter[6], parameterSetRoot, pseudonymScope, parameterBlinding, disclosureBlinding;
    signal input setPosition, setSiblings[7][3];

    // 1. The layout: reveal[4] · setMember · setRegister · setSource · pseudonym · once.
    signal {binary} bits[34] <== Bits(34)(layout);

    // 2. The document.
    signal (nullifiers[1], linkTags[1], register[1][20]) <== Documents(1)(
        [Constant(1)()], [BitAt(34, 33)(bits)], [schema], [scope], directoryRoot, now, request, context, holderSecret,
        fields, serial, listId, issuedAt, expiresAt, documentHash,
        issuerOrg, issuerClass, issuingKey, signatureR8, signatureS,
        statusWordIndex, statusByte, statusBit, statusWord, statusSiblings, directoryPosition, directorySiblings);
    nullifier <== nullifiers[0];
    linkTag <== linkTags[0];

    // 3. The statement about it. Operands are below 2^64 by the issuer's encoding (SPEC §5.8).
    signal registers[32] <== Registers(5, 1)(register, now, parameter, literal);
    disclosure <== Statement(5, 6, 0)(
        registers, rules, Slice(34, 0, 20)(bits), BitAt(34, 32)(bits),
        parameter, parameterSetRoot, pseudonymScope, parameterBlinding, parameterCommitment,
        holderSecret, disclosureBlinding);

    // 4. The set.
    signal member <== Select(5)(registers, Slice(34, 20, 5)(bits));
    signal inDocument <== Select(5)(registers, Slice(34, 25, 5)(bits));
    Membership()(Slice(34, 30, 2)(bits), setRoot, parameterSetRoot, inDocument, member, setPosition, setSiblings);
}

component main {public [
    rules, layout, schema, literal, parameterCommitment, directoryRoot, setRoot, now, scope, request, context
]} = Attest();
