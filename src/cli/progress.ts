/**
 * Progress of long work, on stderr: a bar where a person looks on, plain lines elsewhere (one when a step starts or ends).
 */

import { SingleBar } from 'cli-progress'
import type { Terminal } from './terminal.ts'

export class Progress {
  private readonly terminal: Terminal
  private bar: SingleBar | undefined
  private title = ''
  private decile = -1

  constructor(terminal: Terminal) {
    this.terminal = terminal
  }

  /** Work named `title` is done to `fraction` (0 to 1). */
  update(title: string, fraction: number): void {
    if (title !== this.title) this.close()
    const percent = Math.max(0, Math.min(100, Math.round(fraction * 100)))
    if (this.terminal.interactive) this.draw(title, percent)
    else this.print(title, percent)
    this.title = title
    if (percent === 100) this.close()
  }

  close(): void {
    this.bar?.stop()
    this.bar = undefined
    this.title = ''
    this.decile = -1
  }

  private draw(title: string, percent: number): void {
    if (!this.bar) {
      const colour = this.terminal.env.NO_COLOR ? '{bar}' : '\u001b[36m{bar}\u001b[0m'
      this.bar = new SingleBar({ format: `${colour} {percentage}% {title}`, hideCursor: true, clearOnComplete: false, barsize: 28, barCompleteChar: '█', barIncompleteChar: '░' })
      this.bar.start(100, percent, { title })
    }
    this.bar.update(percent, { title })
  }

  private print(title: string, percent: number): void {
    const decile = Math.floor(percent / 25)
    if (title === this.title && decile === this.decile) return
    this.decile = decile
    this.terminal.stderr(`${title}: ${percent} %\n`)
  }
}
