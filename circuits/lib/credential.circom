// A credential's commitment (SPEC §4.3).
//
// Proves: commitment = H(commitment; schema, H(holder; holderSecret, issuerOrg), serial, listId, statusIndex, issuedAt, expiresAt, documentHash,
//   H(fields; fields)).
//
// Cost: 1,266: Poseidons of 2, 9 and 16 inputs.
pragma circom 2.2.0;

include "hash.circom";

template CredentialCommitment() {
    signal input schema;
    signal input holderSecret, issuerOrg;
    signal input serial, listId, statusIndex, issuedAt, expiresAt, documentHash;
    signal input fields[16];
    signal output out;

    signal holderId <== Hash(2, LABEL_HOLDER())([holderSecret, issuerOrg]);
    signal fieldsHash <== Hash(16, LABEL_FIELDS())(fields);
    out <== Hash(9, LABEL_COMMITMENT())(
        [schema, holderId, serial, listId, statusIndex, issuedAt, expiresAt, documentHash, fieldsHash]);
}
