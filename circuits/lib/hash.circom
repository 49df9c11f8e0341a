// Labelled Poseidon (SPEC §2.2).
//
// Proves: out is the first element of Poseidon's permutation of (LABEL, in[0], …, in[N - 1]).
//
// The permutation is that of L. Grassi et al., "Poseidon: a new hash function for zero-knowledge proof systems" (2019/458), with the
// optimised partial rounds of its appendix B; the constants are circomlib's. Written anew, with linear combinations in variables: the
// same constraints at --O2 as circomlib's template, but a witness program that takes a third of the time, since that template copies
// all constants of all rounds in each round, and a sixth of the size.
//
// A partial round constrains its result, not its power: first' = m·x⁵ + rest, so that x stays one signal. The power follows from it,
// (first' − rest)/m, with m = MIX[0][0], which every sparse matrix has in its corner.
//
// Cost at --O2: that of circomlib's Poseidon; the label sits in the capacity element and costs nothing.
//   N           1    2    3    4    6    7    9    16
//   constraints 213  240  261  297  354  381  417  609
pragma circom 2.2.0;

include "circomlib/circuits/poseidon_constants.circom";
include "labels.circom";

template Hash(N, LABEL) {
    signal input in[N];
    signal output out;

    var T = N + 1;
    var FULL = 8;
    var PARTIALS[16] = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];
    var PARTIAL = PARTIALS[N - 1];
    var ADDED[T * FULL + PARTIAL] = POSEIDON_C(T);
    var SPARSE[PARTIAL * (2 * T - 1)] = POSEIDON_S(T);
    var MIX[T][T] = POSEIDON_M(T);
    var LAST_MIX[T][T] = POSEIDON_P(T);

    signal base[FULL * T - 1];
    signal square[FULL * T - 1];
    signal fourth[FULL * T - 1];
    signal fifth[FULL * T - 1];
    signal first[PARTIAL + 1];
    signal firstSquare[PARTIAL];
    signal firstFourth[PARTIAL];
    var inverse = 1 / MIX[0][0];
    var box = 0;
    var added = 0;
    var state[T];
    var mixed[T];

    state[0] = LABEL + ADDED[0];
    for (var i = 1; i < T; i++) state[i] = in[i - 1] + ADDED[i];
    added = T;
    for (var round = 0; round < FULL; round++) {
        if (round == FULL \ 2) {
            first[0] <== state[0];
            for (var r = 0; r < PARTIAL; r++) {
                firstSquare[r] <== first[r] * first[r];
                firstFourth[r] <== firstSquare[r] * firstSquare[r];
                var rest = MIX[0][0] * ADDED[added];
                for (var i = 1; i < T; i++) rest += SPARSE[(2 * T - 1) * r + i] * state[i];
                first[r + 1] <== MIX[0][0] * firstFourth[r] * first[r] + rest;
                var power = (first[r + 1] - rest) * inverse + ADDED[added];
                added++;
                for (var i = 1; i < T; i++) state[i] += SPARSE[(2 * T - 1) * r + T + i - 1] * power;
            }
            state[0] = first[PARTIAL];
        }
        for (var i = 0; i < T; i++) {
            if (round == 0 && i == 0) state[0] = state[0] * state[0] * state[0] * state[0] * state[0]; // a constant
            else {
                base[box] <== state[i];
                square[box] <== base[box] * base[box];
                fourth[box] <== square[box] * square[box];
                fifth[box] <== fourth[box] * base[box];
                state[i] = fifth[box];
                box++;
            }
            if (round < FULL - 1) { state[i] += ADDED[added]; added++; }
        }
        for (var i = 0; i < T; i++) {
            mixed[i] = 0;
            for (var j = 0; j < T; j++) mixed[i] += (round == FULL \ 2 - 1 ? LAST_MIX[j][i] : MIX[j][i]) * state[j];
        }
        for (var i = 0; i < T; i++) state[i] = mixed[i];
    }
    out <== state[0];
}
