/**
 * Dates in header fields (RFC 9110 section 5.6.7).
 * @module
 */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun'
const LONG_DAYS = 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday'
const MONTH = MONTHS.join('|')
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)'

const IMF_FIXDATE = new RegExp(`^(?:${DAYS}), (\\d\\d) (${MONTH}) (\\d{4}) ${TIME} GMT$`, 'i')
const RFC850 = new RegExp(`^(?:${LONG_DAYS}), (\\d\\d)-(${MONTH})-(\\d\\d) ${TIME} GMT$`, 'i')
const ASCTIME = new RegExp(`^(?:${DAYS}) (${MONTH}) ([ \\d]\\d) ${TIME} (\\d{4})$`, 'i')

/** Milliseconds since 1970; undefined for what is no date in one of the three forms. */
export function parseHttpDate(text: string | undefined): number | undefined {
  if (text === undefined || text.length > 40) return undefined
  const fix = IMF_FIXDATE.exec(text)
  if (fix) return utc(Number(fix[3]), fix[2]!, fix[1]!, fix, 4)
  const old = RFC850.exec(text)
  if (old) return utc(century(Number(old[3])), old[2]!, old[1]!, old, 4)
  const c = ASCTIME.exec(text)
  return c ? utc(Number(c[6]), c[1]!, c[2]!, c, 3) : undefined
}

/** A year of two digits that seems to be more than 50 years ahead is one of the past. */
function century(year: number): number {
  const now = new Date().getUTCFullYear()
  const full = now - (now % 100) + year
  return full > now + 50 ? full - 100 : full
}

function utc(year: number, month: string, day: string, match: RegExpExecArray, time: number): number {
  const [hours, minutes, seconds] = [match[time], match[time + 1], match[time + 2]].map(Number)
  return Date.UTC(year, MONTHS.indexOf(month.toLowerCase()), Number(day), hours, minutes, seconds)
}

export function formatHttpDate(time: number): string {
  return new Date(time).toUTCString()
}
