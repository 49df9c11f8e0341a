// The smallest thing to run a ceremony for: root * root = square, with a salt that does nothing.
pragma circom 2.2.0;

template Square() {
    signal input square, salt;
    signal input root;
    signal output double <== 2 * root;

    square === root * root;
    signal used <== salt * salt;
}

component main { public [square, salt] } = Square();
