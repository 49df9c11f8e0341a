// The two points of a Diffie-Hellman exchange on Baby Jubjub.
//
// Proves: ephemeral = e·Base8, shared = e·key, for the canonical 254 bits of e: those of e + r would be another scalar. When key is (0, 0) or
//   the identity, shared is the identity; that a key in use is on the curve and of order l is checked when it is registered.
//
// Cost: 3,349.
pragma circom 2.2.0;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/escalarmulany.circom";
include "circomlib/circuits/escalarmulfix.circom";

template EphemeralPoints() {
    signal input e, key[2];
    signal output ephemeral[2], shared[2];

    var BASE8[2] = [
        5299619240641551281634865583518297030282874472190772894086521144482721001553,
        16950150798460657717958625567821834550301663161624707787222815936182638968203
    ];
    signal bits[254] <== Num2Bits_strict()(e);
    ephemeral <== EscalarMulFix(254, BASE8)(bits);
    shared <== EscalarMulAny(254)(bits, key);
}
