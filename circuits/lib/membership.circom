// Membership in a set (SPEC §4.6, §5.3).
//
// Proves: source 0: nothing. Otherwise the leaf H(set-member; member) at `position` leads to the root that source names:
//   1 published, 2 parameter, 3 inDocument.
//
// Public   source (2 bits) · published
// Private  parameter · inDocument · member · position < 16,384 · siblings[7][3]
// Cost: 2,344, of them 2,114 for the path.
pragma circom 2.2.0;

include "hash.circom";
include "path.circom";
include "range.circom";
include "select.circom";

template Membership() {
    signal input {binary} source[2];
    signal input published, parameter, inDocument;
    signal input member, position;
    signal input siblings[7][3];

    signal leaf <== Hash(1, LABEL_SET_MEMBER())([member]);
    signal root <== TreePath(7)(leaf, Bits(14)(position), siblings);

    // Source 0 compares the root with itself.
    signal wanted <== Select(2)([root, published, parameter, inDocument], source);
    wanted === root;
}
