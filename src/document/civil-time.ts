/**
 * Civil dates and timestamps (SPEC §3). A date is a day of the proleptic Gregorian calendar, counted from 0001-01-01 = 0, without
 * a time zone: people are born before 1970, and a date at UTC midnight is another day in Beijing.
 */

/** Days from 0001-01-01 to 1970-01-01. */
const EPOCH_DAYS = 719_162n
const DAY = 86_400n
/** 9999-12-31. */
const LAST_DAY = 3_652_058n

/** Days since 0001-01-01 of `YYYY-MM-DD`; undefined for anything else, and for days that no calendar has. */
export function daysOfDate(value: unknown): bigint | undefined {
  const match = typeof value === 'string' ? /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(value) : null
  if (!match) return undefined
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  // Counting years from March puts the leap day last, so that the days of the months before it follow one formula.
  const [y, m] = month > 2 ? [year, month - 3] : [year - 1, month + 9]
  const before = 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + Math.floor((153 * m + 2) / 5)
  return BigInt(before + day - 1 - 306)
}

/** `YYYY-MM-DD` of days since 0001-01-01; undefined after 9999-12-31. */
export function dateOfDays(days: bigint): string | undefined {
  if (days < 0n || days > LAST_DAY) return undefined
  const date = new Date(Number((days - EPOCH_DAYS) * DAY * 1000n))
  return `${String(date.getUTCFullYear()).padStart(4, '0')}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
}

/** Seconds since 1970 UTC of an RFC 3339 timestamp in whole seconds, with `Z` or an offset; undefined for anything else or before 1970. */
export function secondsOfTimestamp(value: unknown): bigint | undefined {
  const pattern = /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))$/
  const match = typeof value === 'string' ? pattern.exec(value) : null
  const days = daysOfDate(match?.[1])
  if (!match || days === undefined) return undefined
  const local = (days - EPOCH_DAYS) * DAY + BigInt(Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4]))
  const offset = BigInt(Number(match[6] ?? 0) * 3600 + Number(match[7] ?? 0) * 60)
  const seconds = match[5] === '-' ? local + offset : local - offset
  return seconds >= 0n ? seconds : undefined
}

/** `YYYY-MM-DDThh:mm:ssZ`; undefined after the year 9999. */
export function timestampOfSeconds(seconds: bigint): string | undefined {
  const date = dateOfDays(seconds / DAY + EPOCH_DAYS)
  const rest = Number(seconds % DAY)
  return date && `${date}T${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}Z`
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
