// What a statement says about the registers (SPEC §5.2–§5.4): rules, parameters, disclosure.
//
// Proves: registers are filled as SPEC §5.1 says; all rules hold; parameterCommitment opens to the parameters used; disclosure is
//   that of the registers that `reveal` names.
//
// Template parameters: B bits a register number (32 or 64 registers), SLOTS rules, CHECKED operands, N documents.
pragma circom 2.2.0;

include "openings.circom";
include "range.circom";
include "rules.circom";
include "select.circom";

// The registers of SPEC §5.1, from what fills them.  Cost: 0.
template Registers(B, N) {
    signal input document[N][20];
    signal input now, parameter[6], literal[4];
    signal output out[2**B];

    var value[2**B];
    for (var i = 0; i < 20; i++) {
        value[1 + i] = document[0][i];
        if (N == 2) {
            value[33 + i] = document[N - 1][i];
        }
    }
    value[21] = now;
    for (var i = 0; i < 6; i++) {
        value[22 + i] = parameter[i];
    }
    for (var i = 0; i < 4; i++) {
        value[28 + i] = literal[i];
    }
    out <== value;
}

template Statement(B, SLOTS, CHECKED) {
    signal input registers[2**B];
    signal input rules;
    signal input {binary} reveal[4 * B], withPseudonym;
    signal input parameter[6], parameterSetRoot, pseudonymScope, parameterBlinding, parameterCommitment;
    signal input holderSecret, disclosureBlinding;
    signal output disclosure;

    Rules(B, SLOTS, CHECKED)(registers, rules);

    signal opened <== ParameterCommitment()(parameter, parameterSetRoot, pseudonymScope, parameterBlinding);
    parameterCommitment === opened;

    signal value[4];
    for (var i = 0; i < 4; i++) {
        value[i] <== Select(B)(registers, Slice(4 * B, i*B, B)(reveal));
    }
    disclosure <== Disclosure()(withPseudonym, holderSecret, pseudonymScope, value, disclosureBlinding);
}
