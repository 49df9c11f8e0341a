// All rules of a statement (SPEC §5.2).
//
// Proves: every rule holds. Slot i holds or is joined by its `or` bit with the next: acc = carry or holds; or = 0 demands
//   acc = 1 and starts anew; the last slot's or is 0, so no alternative is left open.
//
// Public   rules, SLOTS slots of 4B + 6 bits, slot 0 least significant
// Private  registers[2^B]
// Cost: SLOTS times (Rule + 4B + 8): about 1,376 in `attest`, 4,972 in `match`.
pragma circom 2.2.0;

include "range.circom";
include "rule.circom";

template Rules(B, SLOTS, CHECKED) {
    signal input registers[2**B];
    signal input rules;

    var W = 4*B + 6;
    signal {binary} bits[SLOTS * W] <== Bits(SLOTS * W)(rules);

    signal holds[SLOTS];
    signal or[SLOTS];
    signal acc[SLOTS];
    signal carry[SLOTS + 1];
    carry[0] <== 0;
    for (var i = 0; i < SLOTS; i++) {
        holds[i] <== Rule(B, CHECKED)(registers, Slice(SLOTS * W, i*W, W)(bits));
        or[i] <== BitAt(SLOTS * W, i*W + W - 1)(bits);

        acc[i] <== carry[i] + holds[i] - carry[i] * holds[i];
        (1 - or[i]) * (1 - acc[i]) === 0;
        carry[i + 1] <== or[i] * acc[i];
    }
    or[SLOTS - 1] === 0;
}
