pragma circom 2.2.0;

// Proves: I know two factors, each below 2^32, of the public product. A small circuit for tests of the engine.
//
// Public, in order
//   sum          of the factors
//   product      of the factors
//   label        any element
template Bits(N) {
    signal input in;
    signal bits[N];
    var sum = 0;
    for (var i = 0; i < N; i++) {
        bits[i] <-- (in >> i) & 1;
        bits[i] * (bits[i] - 1) === 0;
        sum += bits[i] * 2 ** i;
    }
    sum === in;
}

template Factors() {
    signal input product, label;
    signal input factor[2];
    signal output sum;

    for (var i = 0; i < 2; i++) {
        Bits(32)(factor[i]);
    }
    product === factor[0] * factor[1];
    signal bound <== label * label;
    sum <== factor[0] + factor[1];
}

component main { public [product, label] } = Factors();
