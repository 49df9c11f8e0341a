// A credential's period of validity (SPEC §5.8).
//
// Proves, when on: issuedAt <= now < expiresAt, with both distances below 2^40. now is below 2^40 by the verifier's check, so neither
//   difference can wrap.
//
// Cost: 82.
pragma circom 2.2.0;

include "range.circom";

template Validity() {
    signal input {binary} on;
    signal input now, issuedAt, expiresAt;

    Uint(40)(on * (now - issuedAt));
    Uint(40)(on * (expiresAt - now - 1));
}
