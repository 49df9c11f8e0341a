/**
 * How long a schema's `pattern` may take. Whoever compiles a statement runs the patterns of its schemas on literals: the registry, every
 * follower, every wallet. JavaScript's matcher tries all ways in which repetitions and alternatives can share a text out among them, and
 * `^(a|a)*$` has 2^30 for thirty characters; nobody who may register a schema may stop all others with it.
 *
 *     ^(0|[1-9][0-9]{0,14})(\.[0-9]{1,4})?$        (1 + 15) · (1 + 4) = 80 ways
 */

/** Repetitions without an end count as so many: no code is longer. */
const LONGEST = 31
const MOST_WAYS = 100_000

/** Whether matching a code (at most 31 bytes) against this pattern is a matter of milliseconds. */
export function isQuickPattern(pattern: string): boolean {
  const scanner = new Scanner(pattern)
  return scanner.ways() <= MOST_WAYS && scanner.isAtEnd
}

/** Counts ways from left to right; Infinity for what it does not count: look-around and references back. */
class Scanner {
  private rest: string

  constructor(pattern: string) {
    this.rest = pattern
  }

  get isAtEnd(): boolean {
    return this.rest === ''
  }

  /** Of alternatives, up to the parenthesis that closes them or the end: their sum. */
  ways(): number {
    let sum = 0
    let branch = 1
    while (this.rest !== '' && !this.rest.startsWith(')')) {
      if (this.takes(/^\|/)) {
        sum += branch
        branch = 1
      } else branch *= repeated(this.atom(), this.quantifier())
    }
    return sum + branch
  }

  private atom(): number {
    if (this.takes(/^\\(?![1-9k])(?:[pP]\{[^}]*\}|u\{[^}]*\}|.)/u) || this.takes(/^\[(?:[^\]\\]|\\.)*\]/u)) return 1
    if (this.takes(/^\((?:\?:|(?!\?))/)) {
      const inside = this.ways()
      return this.takes(/^\)/) ? inside : Infinity
    }
    return this.takes(/^[^\\[(]/u) ? 1 : this.stop()
  }

  /** Least and greatest number of repetitions. */
  private quantifier(): readonly [number, number] {
    const match = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(this.rest)
    if (!match) return [1, 1]
    this.rest = this.rest.slice(match[0].length)
    const [, symbol, from, comma, to] = match
    if (symbol !== undefined) return [symbol === '+' ? 1 : 0, symbol === '?' ? 1 : LONGEST]
    const least = Number(from)
    return [least, comma === undefined ? least : to ? Number(to) : Math.max(least, LONGEST)]
  }

  private takes(what: RegExp): boolean {
    const [text] = what.exec(this.rest) ?? []
    if (text === undefined) return false
    this.rest = this.rest.slice(text.length)
    return true
  }

  private stop(): number {
    this.rest = ''
    return Infinity
  }
}

/** Σ ways^k over the possible numbers k of repetitions. */
function repeated(ways: number, [least, most]: readonly [number, number]): number {
  let sum = 0
  for (let k = least; k <= most && sum <= MOST_WAYS; k++) sum += ways ** k
  return sum
}
