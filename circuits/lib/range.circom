// Integers below a power of two. The tag {binary}, 0 or 1, is what other gadgets demand of a bit: it is earned in Bits and
// handed on by the rest of this file, so an unchecked signal does not compile as a bit.
//
// BITS <= 253 throughout: below the field's order there is one decomposition, so nothing can be an alias mod r.
pragma circom 2.2.0;

include "circomlib/circuits/bitify.circom";

// Proves: in = Σ out[i] · 2^i with every out[i] 0 or 1.  Cost: BITS.
template Bits(BITS) {
    signal input in;
    signal output {binary} out[BITS];

    assert(BITS <= 253);
    out <== Num2Bits(BITS)(in);
}

// Proves: in < 2^BITS.  Cost: BITS.
template Uint(BITS) {
    signal input in;

    _ <== Bits(BITS)(in);
}

// The constant BIT as a tagged signal, for what one shape always switches on.  Cost: 0.
template Constant(BIT) {
    signal output {binary} out;

    assert(BIT == 0 || BIT == 1);
    out <== BIT;
}

// LENGTH bits of in, from bit FROM on. The tag passes from in to out.  Cost: 0.
template Slice(BITS, FROM, LENGTH) {
    signal input {binary} in[BITS];
    signal output {binary} out[LENGTH];

    for (var i = 0; i < LENGTH; i++) {
        out[i] <== in[FROM + i];
    }
    _ <== in;  // the other bits are others' business
}

// Bit AT of in. The tag passes from in to out.  Cost: 0.
template BitAt(BITS, AT) {
    signal input {binary} in[BITS];
    signal output {binary} out;

    out <== in[AT];
    _ <== in;
}
