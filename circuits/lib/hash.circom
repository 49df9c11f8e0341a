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

    // Counters run along: a witness program computes an index whenever it is used.
    var corner = MIX[0][0];
    var inverse = 1 / corner;
    var box = 0;
    var added = T;
    var sparse = 0;
    var state[T];
    var mixed[T];

    state[0] = LABEL + ADDED[0];
    for (var i = 1; i < T; i++) state[i] = in[i - 1] + ADDED[i];
    for (var round = 0; round < FULL; round++) {
        if (round == FULL \ 2) {
            first[0] <== state[0];
            for (var r = 0; r < PARTIAL; r++) {
                firstSquare[r] <== first[r] * first[r];
                firstFourth[r] <== firstSquare[r] * firstSquare[r];
                var rest = corner * ADDED[added];
                sparse++; // the corner
                for (var i = 1; i < T; i++) {
                    rest += SPARSE[sparse] * state[i];
                    sparse++;
                }
                first[r + 1] <== corner * firstFourth[r] * first[r] + rest;
                var power = (first[r + 1] - rest) * inverse + ADDED[added];
                added++;
                for (var i = 1; i < T; i++) {
                    state[i] += SPARSE[sparse] * power;
                    sparse++;
                }
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
        if (round == FULL - 1) {
            mixed[0] = 0; // nothing else goes out
            for (var j = 0; j < T; j++) mixed[0] += MIX[j][0] * state[j];
        } else {
            for (var i = 0; i < T; i++) {
                mixed[i] = 0;
                if (round == FULL \ 2 - 1) { for (var j = 0; j < T; j++) mixed[i] += LAST_MIX[j][i] * state[j]; }
                else { for (var j = 0; j < T; j++) mixed[i] += MIX[j][i] * state[j]; }
            }
            for (var i = 0; i < T; i++) state[i] = mixed[i];
        }
    }
    out <== mixed[0];
}
