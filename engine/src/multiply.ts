// Σ sᵢ·Pᵢ as jobs: the windows of one product are cut into groups that threads take as they become free.

import { windowCount, windowsWorkspace } from './wasm/msm.ts'
import type { Machine } from './wasm/machine.ts'
import type { Pool } from './pool.ts'

/** Affine element points, none at infinity; point i has the scalar number indices[i]. */
export interface Points { readonly group: 'g1' | 'g2'; readonly points: number; readonly indices: number; readonly count: number }
/** Signed digits of `count` scalars in windows of `width` bits. */
export interface Digits { readonly at: number; readonly count: number; readonly width: number }
/** Where a computation's memory and jobs come from. */
export interface Context { readonly machine: Machine; allocate(bytes: number): number; run: Pool['run'] }

const ENTRIES_PER_JOB = 1 << 15 // digits of points that one job sums: enough to share inversions, few enough to balance
const RECODING = 8 // urgency: nothing of a product starts before

/** Window width that costs the fewest additions for `count` points. */
export function bestWidth(count: number): number {
  let best = 4
  const cost = (c: number) => windowCount(c) * (count + 2.4 * 2 ** (c - 1))
  for (let c = 5; c <= 15; c++) if (cost(c) < cost(best)) best = c
  return best
}

const groupSize = (points: Points, width: number): number =>
  Math.max(1, Math.min(windowCount(width), Math.floor(ENTRIES_PER_JOB / Math.max(1, points.count))))

export const jobsFor = (points: Points, width: number): number => Math.ceil(windowCount(width) / groupSize(points, width))

/** Scratch of its largest job. */
export const workspaceFor = (machine: Machine, points: Points, width: number): number =>
  windowsWorkspace(points.count, groupSize(points, width), width, machine.program[points.group].element)

/** `scalars`: 32 bytes each, below r. */
export async function digitsOf({ allocate, run }: Context, scalars: number, count: number, width: number): Promise<Digits> {
  const at = allocate(2 * count * windowCount(width))
  await run(() => [['recode', scalars, count, width, windowCount(width), at, count]], { urgency: RECODING })
  return { at, count, width }
}

/** Address of the affine sum, an element point; (0, 0) for infinity. */
export async function product({ machine, allocate, run }: Context, points: Points, digits: Digits, urgency: number): Promise<number> {
  const { width } = digits, workspace = workspaceFor(machine, points, digits.width)
  const windows = windowCount(width), { element } = machine.program[points.group]
  const parts = allocate(windows * width * 2 * element), result = allocate(2 * element)
  const group = groupSize(points, width)
  const jobs: Promise<void>[] = []
  for (let first = 0; first < windows; first += group) {
    const last = Math.min(windows, first + group), part = parts + first * width * 2 * element
    jobs.push(run((scratch) => [[`${points.group}_windows`, points.points, points.indices, points.count, digits.at, digits.count, first, last, width, scratch, part]], { urgency, workspace }))
  }
  await Promise.all(jobs)
  await run(() => [[`${points.group}_fold`, parts, windows, width, result]], { urgency: urgency + 1 })
  return result
}
