// Another circuit with as many public inputs.
pragma circom 2.2.0;

template Cube() {
    signal input cube, salt;
    signal input root;
    signal output double <== 2 * root;

    signal square <== root * root;
    cube === square * root;
    signal used <== salt * salt;
}

component main { public [cube, salt] } = Cube();
