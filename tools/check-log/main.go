// Command check-log checks a folder of C2SP tlog-tiles with the Go project's own packages, which share no code with Exeat.
//
//	go run -C tools/check-log . [-old CHECKPOINT] [-receipt RECEIPT] DIR VKEY
//
// It recomputes the tree from the entry bundles alone, and holds against it the signed checkpoint, every tile, an inclusion proof of every
// entry (of a sample where there are many), consistency with an older checkpoint and the proof in a receipt. The tile reader of
// golang.org/x/mod/sumdb/tlog is not used (CVE-2026-56865). Exit codes: 0 all fits, 2 something does not, 64 wrong usage.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileWidth   = 256
	tileHeight  = 8
	sampleProof = 2000
)

func main() {
	old := flag.String("old", "", "an older signed checkpoint that the log must extend")
	receipt := flag.String("receipt", "", "a C2SP tlog-proof of an entry of this log")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: check-log [-old CHECKPOINT] [-receipt RECEIPT] DIR VKEY")
		os.Exit(64)
	}
	told, err := check(flag.Arg(0), flag.Arg(1), *old, *receipt)
	if err != nil {
		fmt.Fprintln(os.Stderr, "check-log:", err)
		os.Exit(2)
	}
	fmt.Println(told)
}

func check(dir, vkey, old, receipt string) (string, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", err
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return "", err
	}
	head, err := openCheckpoint(signed, verifier)
	if err != nil {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	log, err := readEntries(dir, head.N)
	if err != nil {
		return "", err
	}
	root, err := tlog.TreeHash(head.N, log)
	if err != nil {
		return "", err
	}
	if root != head.Hash {
		return "", fmt.Errorf("%d entries hash to %v, and the checkpoint has %v", head.N, root, head.Hash)
	}
	tiles, err := checkTiles(dir, head.N, log)
	if err != nil {
		return "", err
	}
	proofs, err := checkRecords(head, log)
	if err != nil {
		return "", err
	}
	told := fmt.Sprintf("ok: %d entries, root %v, %d tiles, %d inclusion proofs", head.N, root, tiles, proofs)
	if old != "" {
		size, err := checkOld(old, verifier, head, log)
		if err != nil {
			return "", fmt.Errorf("%s: %w", old, err)
		}
		told += fmt.Sprintf(", consistent with size %d", size)
	}
	if receipt != "" {
		index, err := checkReceipt(receipt, verifier, log)
		if err != nil {
			return "", fmt.Errorf("%s: %w", receipt, err)
		}
		told += fmt.Sprintf(", receipt of entry %d", index)
	}
	return told, nil
}

// hashes are the stored hashes of the tree in the order of package tlog.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(h)) {
			return nil, fmt.Errorf("hash %d of %d", index, len(h))
		}
		read[i] = h[index]
	}
	return read, nil
}

// openCheckpoint verifies a signed checkpoint, whose origin must be the name of the key.
func openCheckpoint(signed []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint of %q", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return tlog.Tree{}, fmt.Errorf("size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// readEntries hashes every entry of every bundle.
func readEntries(dir string, size int64) (hashes, error) {
	var log hashes
	for first := int64(0); first < size; first += tileWidth {
		width := min(size-first, tileWidth)
		path := tilePath("entries", first/tileWidth, width)
		bundle, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return nil, err
		}
		for i := range width {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("%s ends within entry %d", path, i)
			}
			length := int(binary.BigEndian.Uint16(bundle))
			stored, err := tlog.StoredHashes(first+i, bundle[2:2+length], log)
			if err != nil {
				return nil, err
			}
			log = append(log, stored...)
			bundle = bundle[2+length:]
		}
		if len(bundle) > 0 {
			return nil, fmt.Errorf("%s has %d bytes too many", path, len(bundle))
		}
	}
	return log, nil
}

// checkTiles compares every tile of the log, full or partial, with the hashes of the entries.
func checkTiles(dir string, size int64, log hashes) (int, error) {
	count := 0
	for level := 0; size>>(tileHeight*level) > 0; level++ {
		at := size >> (tileHeight * level)
		for first := int64(0); first < at; first += tileWidth {
			path := tilePath(strconv.Itoa(level), first/tileWidth, min(at-first, tileWidth))
			tile, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil {
				return 0, err
			}
			var wanted bytes.Buffer
			for i := first; i < min(at, first+tileWidth); i++ {
				hash := log[tlog.StoredHashIndex(tileHeight*level, i)]
				wanted.Write(hash[:])
			}
			if !bytes.Equal(tile, wanted.Bytes()) {
				return 0, fmt.Errorf("%s is not what the entries hash to", path)
			}
			count++
		}
	}
	return count, nil
}

// checkRecords proves every entry, or an evenly spread sample of a large log.
func checkRecords(head tlog.Tree, log hashes) (int, error) {
	count := 0
	for index := int64(0); index < head.N; index += max(1, head.N/sampleProof) {
		proof, err := tlog.ProveRecord(head.N, index, log)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckRecord(proof, head.N, head.Hash, index, log[tlog.StoredHashIndex(0, index)]); err != nil {
			return 0, fmt.Errorf("entry %d: %w", index, err)
		}
		count++
	}
	return count, nil
}

// checkOld proves that the log extends the one of an older checkpoint.
func checkOld(path string, verifier note.Verifier, head tlog.Tree, log hashes) (int64, error) {
	signed, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	old, err := openCheckpoint(signed, verifier)
	if err != nil {
		return 0, err
	}
	if old.N > head.N {
		return 0, fmt.Errorf("it has %d entries, and the log has %d", old.N, head.N)
	}
	if old.N == 0 {
		return 0, nil
	}
	proof, err := tlog.ProveTree(head.N, old.N, log)
	if err != nil {
		return 0, err
	}
	return old.N, tlog.CheckTree(proof, head.N, head.Hash, old.N, old.Hash)
}

// checkReceipt checks the proof of a C2SP tlog-proof for the entry that stands at its index.
func checkReceipt(path string, verifier note.Verifier, log hashes) (int64, error) {
	receipt, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	claim, signed, found := bytes.Cut(receipt, []byte("\n\n"))
	lines := strings.Split(string(claim), "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		return 0, errors.New("not a c2sp.org/tlog-proof@v1")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return 0, errors.New("no index")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return 0, err
	}
	head, err := openCheckpoint(signed, verifier)
	if err != nil {
		return 0, err
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return 0, fmt.Errorf("hash %q", line)
		}
		proof = append(proof, tlog.Hash(hash))
	}
	if index < 0 || index >= head.N || tlog.StoredHashIndex(0, index) >= int64(len(log)) {
		return 0, fmt.Errorf("no entry %d", index)
	}
	return index, tlog.CheckRecord(proof, head.N, head.Hash, index, log[tlog.StoredHashIndex(0, index)])
}

// tilePath spells the path of a tile or entry bundle as C2SP tlog-tiles does.
func tilePath(level string, index, width int64) string {
	path := fmt.Sprintf("%03d", index%1000)
	for rest := index / 1000; rest > 0; rest /= 1000 {
		path = fmt.Sprintf("x%03d/%s", rest%1000, path)
	}
	if width < tileWidth {
		path += fmt.Sprintf(".p/%d", width)
	}
	return fmt.Sprintf("tile/%s/%s", level, path)
}
