// One position of a status list (SPEC §4.5).
//
// Proves: root is the status root over `word` at place wordIndex; index = 248·wordIndex + 8·byte + bit, and revoked is the bit of value
//   128 >> bit of the word's byte number `byte`. Byte 31 does not exist and reads as revoked: its index is also that of the next
//   word's byte 0, so it must never count as "not revoked".
//
// Private  wordIndex < 4096 · byte < 32 · bit < 8 · word < 2^248 · siblings[6][3]
// Cost: 2,127, of them 1,812 for the path.
pragma circom 2.2.0;

include "path.circom";
include "range.circom";
include "select.circom";

template StatusBit() {
    signal input wordIndex, byte, bit, word;
    signal input siblings[6][3];
    signal output index, root;
    signal output {binary} revoked;

    signal {binary} wordBits[12] <== Bits(12)(wordIndex);
    signal {binary} byteBits[5] <== Bits(5)(byte);
    signal {binary} bitBits[3] <== Bits(3)(bit);
    index <== 248*wordIndex + 8*byte + bit;

    // 1. 248 bits, not 254: a word has one decomposition, so word + r is no second one with other bits.
    signal {binary} wordContent[248] <== Bits(248)(word);
    signal bytes[32];
    for (var k = 0; k < 31; k++) {
        var sum = 0, weight = 1;
        for (var j = 0; j < 8; j++) {
            sum += wordContent[8*k + j] * weight;
            weight += weight;
        }
        bytes[k] <== sum;
    }
    bytes[31] <== 255;

    // 2. The byte, then its bit: position 0 is the most significant.
    signal {binary} content[8] <== Bits(8)(Select(5)(bytes, byteBits));
    signal reversed[8];
    for (var j = 0; j < 8; j++) {
        reversed[j] <== content[7 - j];
    }
    revoked <== Select(3)(reversed, bitBits);

    // 3. The word is in the list.
    root <== TreePath(6)(word, wordBits, siblings);
}
