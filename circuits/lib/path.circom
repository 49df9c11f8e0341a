// The way from a leaf to the root of a quaternary tree (SPEC §2.4).
//
// Proves: root is the root over leaf at `position`, whose base-4 digits, least significant first, are the leaf's place among
//   its siblings at each height.
//
// Private  leaf · position, 2 · DEPTH bits · siblings[DEPTH][3], leaf level first, in order of place
// Cost: 302 a level.
pragma circom 2.2.0;

include "hash.circom";
include "range.circom";

template TreePath(DEPTH) {
    signal input leaf;
    signal input {binary} position[2 * DEPTH];
    signal input siblings[DEPTH][3];
    signal output root;

    signal node[DEPTH + 1];
    signal children[DEPTH][4];
    node[0] <== leaf;
    for (var k = 0; k < DEPTH; k++) {
        children[k] <== Insert()(node[k], siblings[k], Slice(2 * DEPTH, 2*k, 2)(position));
        node[k + 1] <== Hash(4, LABEL_NODE())(children[k]);
    }
    root <== node[DEPTH];
}

// Proves: out is `others` with `item` inserted at place (0 to 3).  Cost: 5.
//
//   place   0              1              2              3
//   out     i o0 o1 o2     o0 i o1 o2     o0 o1 i o2     o0 o1 o2 i
template Insert() {
    signal input item;
    signal input others[3];
    signal input {binary} place[2];
    signal output out[4];

    signal last <== place[0] * place[1];

    // place 0 only: neither bit; from place 2 on: the high bit; place 3 only: both.
    out[0] <== others[0] + (1 - place[0] - place[1] + last) * (item - others[0]);
    out[3] <== others[2] + last * (item - others[2]);
    signal early <== others[0] + (place[0] - last) * (item - others[0]);  // out[1] below place 2
    out[1] <== early + place[1] * (others[1] - early);
    signal sum <== item + others[0] + others[1] + others[2];
    out[2] <== sum - out[0] - out[1] - out[3];
}
