// Σ sᵢ·Pᵢ as jobs: the windows of one product are cut into groups that threads take as they become free.

import { windowCount, windowsWorkspace } from './wasm/msm.ts'
import type { Machine } from './wasm/machine.ts'
import type { Pool } from './pool.ts'

/** Affine element points, none at infinity, in one or more blocks (wasm/msm.ts); point i has the scalar number indices[i]. */
export interface Points { readonly group: 'g1' | 'g2'; readonly points: number; readonly indices: number; readonly count: number }

/**
 * How scalars are cut: `blocks`·`period` windows of `width` bits. With more than one block, points are there times
 * 2^(width·period·b) too, so that a sum has `period` windows of `blocks` times as many points: fewer and wider windows.
 */
export interface Layout { readonly width: number; readonly blocks: number; readonly period: number }

/** Signed digits of `count` scalars. */
export interface Digits { readonly at: number; readonly count: number; readonly layout: Layout }
/** Where a computation's memory and jobs come from. */
export interface Context { readonly machine: Machine; allocate(bytes: number): number; run: Pool['run'] }

const ENTRIES_PER_JOB = 1 << 15 // digits of points that one job sums: enough to share inversions, few enough to balance
const RECODING = 8 // urgency: nothing of a product starts before
const WIDEST = 15 // bits: digits are 16-bit integers

/** The layout that costs the fewest additions for `count` points. */
export function bestLayout(count: number, blocks = 1): Layout {
  const layouts = Array.from({ length: WIDEST - 3 }, (_, i) => ({ width: i + 4, blocks, period: Math.ceil(windowCount(i + 4) / blocks) }))
  const cost = ({ width, period }: Layout) => windowCount(width) * count + period * 2.4 * 2 ** (width - 1)
  return layouts.reduce((best, layout) => (cost(layout) < cost(best) ? layout : best))
}

const groupSize = (points: Points, { blocks, period }: Layout): number =>
  Math.max(1, Math.min(period, Math.floor(ENTRIES_PER_JOB / Math.max(1, points.count * blocks))))

export const jobsFor = (points: Points, layout: Layout): number => Math.ceil(layout.period / groupSize(points, layout))

/** Scratch of its largest job. */
export const workspaceFor = (machine: Machine, points: Points, layout: Layout): number =>
  windowsWorkspace(points.count * layout.blocks, groupSize(points, layout), layout.width, machine.program[points.group].element)

/** `scalars`: 32 bytes each, below r. */
export async function digitsOf({ allocate, run }: Context, scalars: number, count: number, layout: Layout): Promise<Digits> {
  const windows = layout.blocks * layout.period, at = allocate(2 * count * windows)
  await run(() => [['recode', scalars, count, layout.width, windows, at, count]], { urgency: RECODING })
  return { at, count, layout }
}

/** Address of the affine sum, an element point; (0, 0) for infinity. The points must be in the blocks of the digits' layout. */
export async function product({ machine, allocate, run }: Context, points: Points, digits: Digits, urgency: number): Promise<number> {
  const { layout } = digits, { width, blocks, period } = layout, { element } = machine.program[points.group]
  const parts = allocate(period * width * 2 * element), result = allocate(2 * element)
  const group = groupSize(points, layout), workspace = workspaceFor(machine, points, layout)
  const jobs: Promise<void>[] = []
  for (let first = 0; first < period; first += group) {
    const last = Math.min(period, first + group), part = parts + first * width * 2 * element
    jobs.push(run((scratch) => [[`${points.group}_windows`, points.points, points.indices, points.count, digits.at, digits.count, first, last, width, scratch, part, blocks, period]], { urgency, workspace }))
  }
  await Promise.all(jobs)
  await run(() => [[`${points.group}_fold`, parts, period, width, result]], { urgency: urgency + 1 })
  return result
}

const POINTS_PER_JOB = 128 // some tens of milliseconds: what is urgent does not wait long

/** A copy of the points (one block) in the blocks of a layout. */
export async function inBlocks({ machine, allocate, run }: Context, points: Points, { width, blocks, period }: Layout): Promise<Points> {
  const size = 2 * machine.program[points.group].element
  const at = allocate(size * points.count * blocks)
  machine.bytes.copyWithin(at, points.points, points.points + size * points.count)
  const jobs: Promise<void>[] = []
  for (let from = 0; from < points.count; from += POINTS_PER_JOB) {
    jobs.push(run(() => [[`${points.group}_blocks`, at, points.count, from, Math.min(points.count, from + POINTS_PER_JOB), blocks, width * period]]))
  }
  await Promise.all(jobs)
  return { ...points, points: at }
}
