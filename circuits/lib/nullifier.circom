// What a proof leaves behind of a document (SPEC §4.6).
//
// Proves: out = H(nullifier; serial, scope, 0) when once, else H(nullifier; serial, context, holderSecret).
//
// Public   once · scope · context
// Private  serial · holderSecret
// Cost: 263.
pragma circom 2.2.0;

include "hash.circom";

template Nullifier() {
    signal input {binary} once;
    signal input serial, scope, context, holderSecret;
    signal output out;

    signal place <== context + once * (scope - context);
    signal secret <== (1 - once) * holderSecret;
    out <== Hash(3, LABEL_NULLIFIER())([serial, place, secret]);
}
