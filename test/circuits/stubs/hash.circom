// Stands in for Poseidon where a gadget's wiring is searched exhaustively: one constraint, every input with a weight of its own.
pragma circom 2.2.0;

include "labels.circom";

template Hash(N, LABEL) {
    signal input in[N];
    signal output out;

    var sum = LABEL;
    for (var i = 0; i < N; i++) {
        sum += (i + 2) ** 3 * in[i];
    }
    out <== sum * sum;
}
