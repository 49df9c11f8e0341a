// Stands in for EdDSA: one check that every input takes part in, under the same gate.
pragma circom 2.2.0;

template Signature() {
    signal input {binary} on;
    signal input key[2], R8[2], S;
    signal input message;

    signal product <== (key[0] + 3*key[1] + 5*R8[0] + 7*R8[1]) * S;
    on * (product - message) === 0;
}
