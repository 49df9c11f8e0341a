/** Progress of snarkjs's long steps, read off its messages: they say how many of how many points are done. */

/** Called with the part done, 0 to 1, never falling. */
export type Progress = (fraction: number) => void

/** Where in a step each kind of message begins and ends; measured on `attest`, where G2 points (B2) take longest. */
const SPANS: Record<string, readonly [number, number]> = {
  'Writing points end C': [0.03, 0.37],
  'Writing points end A': [0.37, 0.48],
  'Writing points end B1': [0.48, 0.6],
  'Writing points end B2': [0.6, 1],
  'Applying key: L Section': [0, 0.5],
  'Applying key: H Section': [0.5, 1],
}

/** Takes snarkjs's messages: progress out of some, and the last error. Nothing is printed. */
export class Messages {
  lastError = 'no reason given'
  private readonly progress: Progress | undefined
  private done = 0

  constructor(progress?: Progress) {
    this.progress = progress
  }

  readonly logger = {
    debug: (message: string) => this.follow(message),
    info: () => {},
    warn: () => {},
    error: (message: string) => {
      this.lastError = message
    },
  }

  private follow(message: string): void {
    const [, what = '', at, of] = /^(.*?):\s+(\d+)\/(\d+)$/.exec(message) ?? []
    const span = SPANS[what]
    if (!span || Number(of) === 0) return
    const fraction = span[0] + ((span[1] - span[0]) * Number(at)) / Number(of)
    if (fraction <= this.done) return
    this.done = fraction
    this.progress?.(fraction)
  }
}
