// One of 2^B values, by a tree of multiplexers.
//
// Proves: out = in[k], k = Σ bits[i] · 2^i.
//
// Private  in[2^B] · bits[B], least significant first
// Cost: 2^B - 1; less where neighbours are constants (a one-hot decoder takes twice that).
pragma circom 2.2.0;

template Select(B) {
    signal input in[2**B];
    signal input {binary} bits[B];
    signal output out;

    // The leaves, then each level above them, down to one node. (Powers are computed once: a witness program computes what a
    // loop says in each of its rounds.)
    var width = 2**B;
    signal node[2*width - 1];
    for (var i = 0; i < width; i++) {
        node[i] <== in[i];
    }

    var below = 0;
    for (var k = 0; k < B; k++) {
        var level = below + width;
        width = width \ 2;
        for (var i = 0; i < width; i++) {
            node[level + i] <== node[below + 2*i] + bits[k] * (node[below + 2*i + 1] - node[below + 2*i]);
        }
        below = level;
    }
    out <== node[below];
}
