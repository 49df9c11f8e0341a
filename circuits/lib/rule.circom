// One slot of the rules (SPEC §5.2).
//
// Proves: holds = (L op R), where a, b, c, d are the registers that the slot names and
//   L = leftProduct ? a·b : a + b,   R = rightProduct ? c·d : c + d,   op = 0 `=`, 1 `!=`, 2 `<`, 3 `<=`.
//   An ordering demands numeric = 1 and -2^66 <= R - L < 2^66, else there is no witness. With CHECKED = 1 every operand of a
//   numeric rule is below 2^64 by itself: a bad addend cannot bend a sum (-600 + 1000 would pass a check of the sum).
//
// Public   slot, 4B + 6 bits: a, b, c, d (B each), leftProduct, rightProduct, op (2), numeric, or
// Private  registers[2^B]
// Cost: 4 (2^B - 1) + 77, and 4 · 65 more when CHECKED: 201 in `attest`, 589 in `match`.
pragma circom 2.2.0;

include "circomlib/circuits/comparators.circom";
include "range.circom";
include "select.circom";

template Rule(B, CHECKED) {
    signal input registers[2**B];
    signal input {binary} slot[4*B + 6];
    signal output {binary} holds;

    signal {binary} leftProduct <== BitAt(4*B + 6, 4*B)(slot);
    signal {binary} rightProduct <== BitAt(4*B + 6, 4*B + 1)(slot);
    signal {binary} negate <== BitAt(4*B + 6, 4*B + 2)(slot);
    signal {binary} order <== BitAt(4*B + 6, 4*B + 3)(slot);
    signal {binary} numeric <== BitAt(4*B + 6, 4*B + 4)(slot);

    // 1. The operands.
    signal operand[4];
    for (var i = 0; i < 4; i++) {
        operand[i] <== Select(B)(registers, Slice(4*B + 6, i*B, B)(slot));
        if (CHECKED) {
            Uint(64)(numeric * operand[i]);
        }
    }

    // 2. The sides.
    signal left <== Side()(operand[0], operand[1], leftProduct);
    signal right <== Side()(operand[2], operand[3], rightProduct);

    // 3. Equality, in the field.
    signal equal <== IsEqual()([left, right]);

    // 4. Order, of numbers only: bit 66 of R - L + 2^66 says L <= R. Without order the difference is 0.
    order * (1 - numeric) === 0;
    signal difference <== order * (right - left);
    signal {binary} atMost <== BitAt(67, 66)(Bits(67)(difference + 2**66));

    // 5. `=` equal, `!=` its negation; `<` at most and not equal, `<=` at most (negate is op's low bit).
    signal equalAndNegate <== equal * negate;
    signal equality <== equal + negate - 2*equalAndNegate;
    signal ordering <== atMost - equal + equalAndNegate;
    holds <== equality + order * (ordering - equality);
}

// Proves: out = product ? a·b : a + b.  Cost: 2.
template Side() {
    signal input a, b;
    signal input {binary} product;
    signal output out;

    signal both <== a * b;
    out <== a + b + product * (both - a - b);
}
