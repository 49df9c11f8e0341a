// Everything that holds of one credential (SPEC §5.6).
//
// Proves, when on: an issuer under directoryRoot signed this credential, of this schema, for the holder of holderSecret; it is not
//   revoked; issuedAt <= now < expiresAt. nullifier and linkTag are its own.
// Off: field[i], issuer, class, from, until, nullifier and linkTag are 0, whatever the private inputs are.
//
// Public   on · once · schema · directoryRoot · now · scope · request · context · nullifier · linkTag
// Private  the rest (SPEC §5.5); the outputs field, issuer, class, from, until fill registers
// Cost: 11,052, of them 4,217 for the signature.
pragma circom 2.2.0;

include "credential.circom";
include "directory.circom";
include "nullifier.circom";
include "range.circom";
include "signature.circom";
include "status.circom";
include "validity.circom";

template Document() {
    signal input {binary} on, once;
    signal input schema, directoryRoot, now, scope, request, context;
    signal input holderSecret;
    signal input fields[16], serial, listId, issuedAt, expiresAt, documentHash;
    signal input issuerOrg, issuerClass, issuingKey[2], signatureR8[2], signatureS;
    signal input statusWordIndex, statusByte, statusBit, statusWord, statusSiblings[6][3];
    signal input directoryPosition, directorySiblings[8][3];
    signal output nullifier, linkTag;
    signal output register[20];  // the fields, then issuer, class, issuedAt, expiresAt

    // 1. The credential's place in its status list, and that it is not revoked.
    signal (statusIndex, statusRoot, revoked) <== StatusBit()(
        statusWordIndex, statusByte, statusBit, statusWord, statusSiblings);
    on * revoked === 0;

    // 2. The commitment, and the issuer's signature over it.
    signal commitment <== CredentialCommitment()(schema, holderSecret, issuerOrg, serial, listId, statusIndex,
        issuedAt, expiresAt, documentHash, fields);
    Signature()(on, issuingKey, signatureR8, signatureS, commitment);

    // 3. The issuing key is accredited, with this list and no other.
    signal root <== DirectoryRoot()(issuerOrg, issuingKey, schema, issuerClass, listId, statusRoot,
        directoryPosition, directorySiblings);
    on * (root - directoryRoot) === 0;

    // 4. The period of validity.
    Validity()(on, now, issuedAt, expiresAt);

    // 5. What it leaves behind.
    signal own <== Nullifier()(once, serial, scope, context, holderSecret);
    nullifier <== on * own;
    signal link <== Hash(3, LABEL_LINK())([commitment, holderSecret, request]);
    linkTag <== on * link;

    // 6. What rules may name.
    for (var i = 0; i < 16; i++) {
        register[i] <== on * fields[i];
    }
    register[16] <== on * issuerOrg;
    register[17] <== on * issuerClass;
    register[18] <== on * issuedAt;
    register[19] <== on * expiresAt;
}
