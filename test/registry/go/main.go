// Checks what a registry gave out with Go's own implementations of signed notes and transparency logs: the module system's
// golang.org/x/mod/sumdb. Reads JSON on standard input; prints "ok <entries>" or fails.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type input struct {
	VerifierKey string   // name+hash+base64
	Leaves      []string // canonical JSON of every entry
	Receipts    []struct {
		Index      int64
		Inclusion  []string // base64
		Checkpoint string
	}
	Consistency []struct {
		First, Second int64
		Proof         []string
	}
}

func main() {
	var in input
	check(json.NewDecoder(os.Stdin).Decode(&in))
	verifier, err := note.NewVerifier(in.VerifierKey)
	check(err)
	roots := map[int64]tlog.Hash{}
	for _, receipt := range in.Receipts {
		opened, err := note.Open([]byte(receipt.Checkpoint), note.VerifierList(verifier))
		check(err)
		size, root := checkpoint(opened.Text, verifier.Name())
		roots[size] = root
		leaf := tlog.RecordHash([]byte(in.Leaves[receipt.Index]))
		check(tlog.CheckRecord(tlog.RecordProof(hashes(receipt.Inclusion)), size, root, receipt.Index, leaf))
	}
	for _, step := range in.Consistency {
		check(tlog.CheckTree(tlog.TreeProof(hashes(step.Proof)), step.Second, roots[step.Second], step.First, roots[step.First]))
	}
	// The whole tree, built by Go from the leaves alone.
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	for i, leaf := range in.Leaves {
		added, err := tlog.StoredHashes(int64(i), []byte(leaf), reader)
		check(err)
		stored = append(stored, added...)
		root, err := tlog.TreeHash(int64(i+1), reader)
		check(err)
		if expected, known := roots[int64(i+1)]; known && root != expected {
			check(fmt.Errorf("another root at size %d", i+1))
		}
	}
	fmt.Printf("ok %d\n", len(in.Leaves))
}

// checkpoint reads the three lines of a checkpoint.
func checkpoint(text, name string) (int64, tlog.Hash) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != name || lines[3] != "" {
		check(fmt.Errorf("not a checkpoint of %s", name))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return size, root
}

func hashes(texts []string) []tlog.Hash {
	parsed := make([]tlog.Hash, len(texts))
	for i, text := range texts {
		bytes, err := base64.StdEncoding.DecodeString(text)
		check(err)
		copy(parsed[i][:], bytes)
	}
	return parsed
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
