pragma circom 2.2.0;

include "registers-and-rules.circom";

component main {public [rules]} = RegistersAndRules(5, 1, 6, 0);
