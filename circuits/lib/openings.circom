// The two commitments that the verifier can open (SPEC §4.6).
pragma circom 2.2.0;

include "hash.circom";

// Proves: out = H(parameters; parameter[0..5], setRoot, pseudonymScope, blinding).  Cost: 417.
template ParameterCommitment() {
    signal input parameter[6], setRoot, pseudonymScope, blinding;
    signal output out;

    signal inputs[9];
    for (var i = 0; i < 6; i++) {
        inputs[i] <== parameter[i];
    }
    inputs[6] <== setRoot;
    inputs[7] <== pseudonymScope;
    inputs[8] <== blinding;
    out <== Hash(9, LABEL_PARAMETERS())(inputs);
}

// Proves: out = H(disclosure; pseudonym, value[0..3], blinding), pseudonym = H(pseudonym; holderSecret, pseudonymScope) when withPseudonym,
//   else 0.  Cost: 595.
template Disclosure() {
    signal input {binary} withPseudonym;
    signal input holderSecret, pseudonymScope;
    signal input value[4], blinding;
    signal output out;

    signal pseudonym <== Hash(2, LABEL_PSEUDONYM())([holderSecret, pseudonymScope]);
    signal shown <== withPseudonym * pseudonym;
    out <== Hash(6, LABEL_DISCLOSURE())([shown, value[0], value[1], value[2], value[3], blinding]);
}
