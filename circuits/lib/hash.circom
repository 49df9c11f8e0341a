// Labelled Poseidon (SPEC §2.2).
//
// Proves: out is the first element of Poseidon's permutation of (LABEL, in[0], …, in[N - 1]).
//
// Cost at --O2: that of circomlib's Poseidon; the label sits in the capacity element and costs nothing.
//   N           1    2    3    4    6    7    9    16
//   constraints 213  240  261  297  354  381  417  609
pragma circom 2.2.0;

include "circomlib/circuits/poseidon.circom";
include "labels.circom";

template Hash(N, LABEL) {
    signal input in[N];
    signal output out;

    signal state[1] <== PoseidonEx(N, 1)(in, LABEL);
    out <== state[0];
}
