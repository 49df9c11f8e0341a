// A place in the directory of accredited issuers (SPEC §4.4).
//
// Proves: root is the directory root over the leaf H(directory-leaf; org, key.x, key.y, schema, class, listId, statusRoot) at `position`.
//
// Private  position < 65,536 · siblings[8][3] · the leaf's parts (schema is public in a shape)
// Cost: 2,813, of them 2,416 for the path.
pragma circom 2.2.0;

include "hash.circom";
include "path.circom";
include "range.circom";

template DirectoryRoot() {
    signal input org, key[2], schema, class, listId, statusRoot;
    signal input position;
    signal input siblings[8][3];
    signal output root;

    signal leaf <== Hash(7, LABEL_DIRECTORY_LEAF())([org, key[0], key[1], schema, class, listId, statusRoot]);
    root <== TreePath(8)(leaf, Bits(16)(position), siblings);
}
