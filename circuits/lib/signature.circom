// An issuer's signature over a commitment (SPEC §4.3): EdDSA-Poseidon, circomlib's verifier.
//
// Proves, when on: S < l, 4·key is not the identity or of order 2 (so key is not of order 1, 2, 4 or 8), and
//   S·Base8 = R8 + 8·H(R8, key, message)·key with H unlabelled. Off, it says nothing (inputs of 0 have a witness).
//
// The key's being on the curve is the directory's business: the registry checks it before a leaf is written.
//
// Cost: 4217.
pragma circom 2.2.0;

include "circomlib/circuits/eddsaposeidon.circom";

template Signature() {
    signal input {binary} on;
    signal input key[2], R8[2], S;
    signal input message;

    EdDSAPoseidonVerifier()(on, key[0], key[1], S, R8[0], R8[1], message);
}
