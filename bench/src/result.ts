/**
 * Medians, ratios and whether a goal is met.
 * @module
 */
import { type Case, type Figures, type Metric, OURS } from './case.ts'

export interface Result {
  name: string
  unit: string
  ours: number
  peers: Record<string, number>
  /** Ours divided by the peer the goal names, if it names one. */
  ratio?: number
  goal: string
  met: boolean
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function resultsOf(subject: Case, runs: Readonly<Record<string, readonly Figures[]>>): Result[] {
  return subject.metrics.map(metric => resultOf(subject, metric, runs))
}

function resultOf(subject: Case, metric: Metric, runs: Readonly<Record<string, readonly Figures[]>>): Result {
  const medianOf = (name: string): number => median(runs[name]!.map(figures => figures[metric.figure]!))
  const ours = medianOf(OURS)
  const peers = Object.fromEntries(
    Object.keys(subject.contenders)
      .filter(name => name !== OURS && runs[name]!.every(figures => metric.figure in figures))
      .map(name => [name, medianOf(name)]),
  )
  const { goal, against } = metric
  const ratio = against === undefined ? undefined : ours / peers[against]!
  const reached = ratio ?? ours
  const met = 'atLeast' in goal ? reached >= goal.atLeast : reached <= goal.atMost
  const bound = 'atLeast' in goal ? `≥ ${rounded(goal.atLeast)}` : `≤ ${rounded(goal.atMost)}`
  return {
    name: `${subject.name} ${metric.figure}`,
    unit: metric.unit,
    ours,
    peers,
    ...(ratio !== undefined && { ratio }),
    goal: against === undefined ? `${bound} ${metric.unit}` : `${bound} × ${against}`,
    met,
  }
}

export function table(results: readonly Result[]): string {
  const rows = results.map(({ name, unit, ours, peers, ratio, goal, met }) => [
    name,
    unit,
    format(ours),
    Object.entries(peers)
      .map(([peer, value]) => `${peer} ${format(value)}`)
      .join(', '),
    ratio?.toFixed(3) ?? '',
    goal,
    met ? 'met' : 'MISSED',
  ])
  const head = ['case', 'unit', 'ours', 'peers', 'ratio', 'goal', '']
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(row => row[i]!.length)))
  return [head, ...rows]
    .map(row =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

function format(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toFixed(3)
}
