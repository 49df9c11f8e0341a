// What is left of a shape without its credentials: registers as SPEC §5.1 fills them, and the rules over them.
pragma circom 2.2.0;

include "../../../circuits/lib/statement.circom";

template RegistersAndRules(B, N, SLOTS, CHECKED) {
    signal input document[N][20], now, parameter[6], literal[4], rules;

    Rules(B, SLOTS, CHECKED)(Registers(B, N)(document, now, parameter, literal), rules);
}
