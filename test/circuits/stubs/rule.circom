// Stands in for a rule: what register a holds. Tests give it 0 and 1.
pragma circom 2.2.0;

include "range.circom";
include "select.circom";

template Rule(B, CHECKED) {
    signal input registers[2**B];
    signal input {binary} slot[4*B + 6];
    signal output {binary} holds;

    holds <== Select(B)(registers, Slice(4*B + 6, 0, B)(slot));
}
