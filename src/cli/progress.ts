/**
 * Progress of long work, on stderr: a bar where a person looks on, plain lines elsewhere, one for each quarter.
 *
 * The bar is drawn here and only formatted by cli-progress, whose own terminal jumps back to where the bar began and so overwrites
 * what was printed meanwhile.
 */

import cliProgress from 'cli-progress'
import type { Terminal } from './terminal.ts'

const SIZE = 28
const BAR = { barsize: SIZE, barCompleteString: '█'.repeat(SIZE), barIncompleteString: '░'.repeat(SIZE), barGlue: '' }

export class Progress {
  private readonly terminal: Terminal
  private title = ''
  private drawn = false
  private quarter = -1

  constructor(terminal: Terminal) {
    this.terminal = terminal
  }

  /** Work named `title` is done to `fraction` (0 to 1). */
  update(title: string, fraction: number): void {
    const done = Math.max(0, Math.min(1, fraction))
    if (this.terminal.interactive) this.draw(title, done)
    else this.print(title, done)
    if (done === 1) this.close()
  }

  /** Leaves the last bar where it is; what follows goes below it. */
  close(): void {
    if (this.drawn) this.terminal.stderr('\n')
    this.drawn = false
    this.title = ''
    this.quarter = -1
  }

  private draw(title: string, done: number): void {
    const bar = cliProgress.Format.BarFormat(done, BAR)
    this.terminal.stderr(`\r\u001b[K${this.terminal.env.NO_COLOR ? bar : `\u001b[36m${bar}\u001b[0m`} ${Math.floor(done * 100)} % ${title}`)
    this.drawn = true
  }

  private print(title: string, done: number): void {
    const quarter = Math.floor(done * 4)
    if (title === this.title && quarter === this.quarter) return
    ;[this.title, this.quarter] = [title, quarter]
    this.terminal.stderr(`${title}: ${Math.floor(done * 100)} %\n`)
  }
}
