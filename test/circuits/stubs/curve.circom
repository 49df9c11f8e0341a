// Stands in for the two scalar products of an escrow: linear in the scalar and in the key.
pragma circom 2.2.0;

template EphemeralPoints() {
    signal input e, key[2];
    signal output ephemeral[2], shared[2];

    ephemeral[0] <== 3*e + 1;
    ephemeral[1] <== 5*e + 2;
    shared[0] <== e * key[0];
    shared[1] <== e * key[1];
}
