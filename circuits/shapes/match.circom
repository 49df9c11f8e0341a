// Shape `match`: two documents of one holder, the second may be off; eight rules; two values in escrow (SPEC §5). Wiring only.
//
// Public, in order    SPEC §5.4      Private    SPEC §5.5      Proves    SPEC §5.6, §5.7
// Cost: 32,405 at --O2; with the public inputs within 2^15.
pragma circom 2.2.0;

include "circomlib/circuits/comparators.circom";
include "../lib/documents.circom";
include "../lib/escrow.circom";
include "../lib/statement.circom";

template Match() {
    signal output nullifier[2], linkTag[2], disclosure, escrow[4];

    signal input rules, layout, schema[2], literal[4], parameterCommitment, directoryRoot;
    signal input now, scope[2], escrowKey[2], request, context;

    signal input fields[2][16], serial[2], listId[2], issuedAt[2], expiresAt[2], documentHash[2];
    signal input issuerOrg[2], issuerClass[2], issuingKey[2][2], signatureR8[2][2], signatureS[2];
    signal input statusWordIndex[2], statusByte[2], statusBit[2], statusWord[2], statusSiblings[2][6][3];
    signal input directoryPosition[2], directorySiblings[2][8][3];
    signal input holderSecret, parameter[6], pseudonymScope, parameterBlinding, disclosureBlinding;

    // 1. The layout: reveal[4] · pseudonym · once[2] · second · escrow · escrowed[2].
    signal {binary} bits[41] <== Bits(41)(layout);
    signal {binary} second <== BitAt(41, 27)(bits);

    // 2. The documents, and that they are two.
    signal register[2][20];
    (nullifier, linkTag, register) <== Documents(2)(
        [Constant(1)(), second], Slice(41, 25, 2)(bits), schema, scope, directoryRoot, now, request, context, holderSecret,
        fields, serial, listId, issuedAt, expiresAt, documentHash,
        issuerOrg, issuerClass, issuingKey, signatureR8, signatureS,
        statusWordIndex, statusByte, statusBit, statusWord, statusSiblings, directoryPosition, directorySiblings);
    signal same <== IsEqual()(serial);
    second * same === 0;

    // 3. The statement about them. Every operand is checked: one issuer's bad value must not bend another's limit.
    signal registers[64] <== Registers(6, 2)(register, now, parameter, literal);
    disclosure <== Statement(6, 8, 1)(
        registers, rules, Slice(41, 0, 24)(bits), BitAt(41, 24)(bits),
        parameter, 0, pseudonymScope, parameterBlinding, parameterCommitment, holderSecret, disclosureBlinding);

    // 4. The escrow.
    signal escrowed[2];
    escrowed[0] <== Select(6)(registers, Slice(41, 29, 6)(bits));
    escrowed[1] <== Select(6)(registers, Slice(41, 35, 6)(bits));
    escrow <== Escrow()(BitAt(41, 28)(bits), escrowKey, context, holderSecret, escrowed);
}

component main {public [
    rules, layout, schema, literal, parameterCommitment, directoryRoot, now, scope, escrowKey, request, context
]} = Match();
