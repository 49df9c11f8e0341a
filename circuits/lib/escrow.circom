// Two values for the regulator (SPEC §5.7): hashed ElGamal on Baby Jubjub.
//
// Proves, when on: e = H(escrow-scalar; holderSecret, context, value[0], value[1]), out = (e·Base8, value[i] + H(escrow-pad; e·key, context, i + 1)).
//   Off, out is 0.
//
// Public   on · key[2] · context · out[4]: ephemeral x, y, ciphertext 1, 2
// Private  holderSecret · value[2]
// Cost: 4,238, of them 3,349 for the points.
pragma circom 2.2.0;

include "curve.circom";
include "hash.circom";

template Escrow() {
    signal input {binary} on;
    signal input key[2], context, holderSecret, value[2];
    signal output out[4];

    // 1. The holder cannot choose the scalar, and no two messages share one.
    signal e <== Hash(4, LABEL_ESCROW_SCALAR())([holderSecret, context, value[0], value[1]]);
    signal (ephemeral[2], shared[2]) <== EphemeralPoints()(e, key);
    out[0] <== on * ephemeral[0];
    out[1] <== on * ephemeral[1];

    // 2. The ciphertexts.
    signal pad[2];
    for (var i = 0; i < 2; i++) {
        pad[i] <== Hash(4, LABEL_ESCROW_PAD())([shared[0], shared[1], context, i + 1]);
        out[2 + i] <== on * (value[i] + pad[i]);
    }
}
