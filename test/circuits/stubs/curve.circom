// Stands in for the two scalar products of an escrow: linear in the scalar, so that all its bits count.
pragma circom 2.2.0;

include "circomlib/circuits/bitify.circom";

template EphemeralPoints() {
    signal input e, key[2];
    signal output ephemeral[2], shared[2];

    signal bits[254] <== Num2Bits_strict()(e);
    var sum = 0;
    for (var i = 0; i < 254; i++) {
        sum += bits[i] * 2**i;
    }
    ephemeral[0] <== 3 * sum + 1;
    ephemeral[1] <== 5 * sum + 2;
    shared[0] <== sum * key[0];
    shared[1] <== sum * key[1];
}
