// Two values for the regulator (SPEC §5.7): hashed ElGamal on Baby Jubjub.
//
// Proves, when on: e = H(escrow-scalar; holderSecret, context, value[0], value[1]), out = (e·Base8, value[i] + H(escrow-pad; e·key, context, i + 1)).
//   Off, out is 0.
//
// The scalar is decomposed canonically: e + r would be another scalar, and the regulator's point another than the pad's.
// That key is on the curve, of order l and not the identity is checked when it is registered.
//
// Public   on · key[2] · context · out[4]: ephemeral x, y, ciphertext 1, 2
// Private  holderSecret · value[2]
// Cost: see ESCROW in test/circuits/pins.json.
pragma circom 2.2.0;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/escalarmulany.circom";
include "circomlib/circuits/escalarmulfix.circom";
include "hash.circom";

template Escrow() {
    signal input {binary} on;
    signal input key[2], context, holderSecret, value[2];
    signal output out[4];

    var BASE8[2] = [
        5299619240641551281634865583518297030282874472190772894086521144482721001553,
        16950150798460657717958625567821834550301663161624707787222815936182638968203
    ];

    // 1. The ephemeral scalar: the holder cannot choose it, and no two messages share one.
    signal e <== Hash(4, LABEL_ESCROW_SCALAR())([holderSecret, context, value[0], value[1]]);
    signal bits[254] <== Num2Bits_strict()(e);

    // 2. The two points.
    signal ephemeral[2] <== EscalarMulFix(254, BASE8)(bits);
    signal shared[2] <== EscalarMulAny(254)(bits, key);

    // 3. The ciphertexts.
    out[0] <== on * ephemeral[0];
    out[1] <== on * ephemeral[1];
    signal pad[2];
    for (var i = 0; i < 2; i++) {
        pad[i] <== Hash(4, LABEL_ESCROW_PAD())([shared[0], shared[1], context, i + 1]);
        out[2 + i] <== on * (value[i] + pad[i]);
    }
}
