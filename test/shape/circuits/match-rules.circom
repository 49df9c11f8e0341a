pragma circom 2.2.0;

include "registers-and-rules.circom";

component main {public [rules]} = RegistersAndRules(6, 2, 8, 1);
