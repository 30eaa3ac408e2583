/**
 * The charts of the first page. Each has its table in the page, which stays for the keyboard and for readers;
 * the tables fold once the charts stand. Colours come from the tokens, words from the server.
 */

const charts = JSON.parse(document.querySelector('[data-charts]')?.textContent || '[]');
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const look = () => ({
  ink: token('--db-ink'), soft: token('--db-ink-2'), meta: token('--db-ink-3'), line: token('--db-line'), field: token('--db-field'),
  accent: token('--db-accent'), tint: token('--db-tint'), surface: token('--db-surface'), ok: token('--db-ok'), warn: token('--db-warn'), bad: token('--db-bad'),
  font: getComputedStyle(document.body).fontFamily,
});

/** Blues and greys that stay apart side by side; each slice also has its label and a border. */
const shades = (c) => [c.accent, '#7fa5da', c.field, '#2f3f55', '#b9cdea', c.meta, '#4f7fc6', c.line];

function base(chart, c) {
  return {
    animation: false,
    textStyle: { fontFamily: c.font, color: c.ink },
    aria: { enabled: true, label: { description: `${chart.title}: ${chart.points.map((point) => `${point.label} ${point.text}`).join(', ')}` } },
    tooltip: { trigger: 'item', renderMode: 'richText', confine: true, backgroundColor: c.surface, borderColor: c.field, borderWidth: 1, padding: [6, 10], textStyle: { color: c.ink, fontSize: 13, fontFamily: c.font }, shadowBlur: 0, formatter: ({ dataIndex }) => `${chart.points[dataIndex].label}  ${chart.points[dataIndex].text}` },
  };
}

function toneOf(point, c) {
  return { ok: c.ok, warn: c.warn, bad: c.bad }[point.tone] || c.accent;
}

/** Words that do not fit side by side under the bars stand before lying ones. Periods stay upright: time runs to the right. */
function lies(chart, place) {
  const width = chart.points.reduce((sum, { label }) => sum + 16 + [...label].reduce((w, sign) => w + (sign > '\u2e80' ? 12 : 6.5), 0), 0);
  return chart.kind === 'bar' && !chart.points.every(({ label }) => /^\d/.test(label)) && width > place.clientWidth - 48;
}

function lying(chart, c) {
  const { xAxis, yAxis } = axes(chart, c);
  const { series: [bars] } = drawings.bar(chart, c);
  return {
    grid: { left: 4, right: 32, top: 4, bottom: 4, containLabel: true },
    xAxis: { ...yAxis, axisLabel: { show: false }, splitLine: { show: false } },
    yAxis: { ...xAxis, inverse: true, axisLabel: { ...xAxis.axisLabel, color: c.soft, interval: 0 } },
    series: [{ ...bars, barMaxWidth: 16, label: { ...bars.label, position: 'right' } }],
  };
}

function axes(chart, c) {
  return {
    grid: { left: 4, right: 8, top: 24, bottom: 4, containLabel: true },
    xAxis: { type: 'category', data: chart.points.map((point) => point.label), axisTick: { show: false }, axisLine: { lineStyle: { color: c.field } }, axisLabel: { color: c.meta, fontSize: 12, hideOverlap: true } },
    yAxis: { type: 'value', splitNumber: 3, axisLabel: { color: c.meta, fontSize: 12, formatter: short }, splitLine: { lineStyle: { color: c.line } } },
  };
}

/** Axis numbers in the reader's own short form: 12K, 1.2万. */
function short(value) {
  return new Intl.NumberFormat(document.documentElement.lang, { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}

const drawings = {
  bar: (chart, c) => ({
    ...axes(chart, c),
    series: [{
      type: 'bar', barMaxWidth: 28, cursor: 'pointer',
      label: { show: chart.points.length <= 12, position: 'top', color: c.ink, fontSize: 12, formatter: ({ dataIndex }) => short(chart.points[dataIndex].value) },
      labelLayout: { hideOverlap: true },
      data: chart.points.map((point) => ({ value: point.value, itemStyle: point.open ? { color: c.tint, borderColor: c.accent, borderType: 'dashed', borderWidth: 1.5, borderRadius: [2, 2, 0, 0] } : { color: toneOf(point, c), borderRadius: [2, 2, 0, 0] } })),
    }],
  }),
  line: (chart, c) => ({
    ...axes(chart, c),
    series: [{ type: 'line', symbol: 'circle', symbolSize: 7, cursor: 'pointer', lineStyle: { width: 2, color: c.accent }, itemStyle: { color: c.accent }, data: chart.points.map((point) => ({ value: point.value, itemStyle: point.open ? { color: c.surface, borderColor: c.accent, borderWidth: 2 } : undefined })) }],
  }),
  pie: (chart, c) => ({
    color: shades(c),
    series: [{
      type: 'pie', radius: ['44%', '68%'], cursor: 'pointer', avoidLabelOverlap: true, minAngle: 3,
      itemStyle: { borderColor: c.surface, borderWidth: 2 },
      label: { color: c.ink, fontSize: 12, formatter: ({ dataIndex }) => `${chart.points[dataIndex].label} ${chart.points[dataIndex].text}` },
      labelLine: { lineStyle: { color: c.field }, length: 8, length2: 8 },
      data: chart.points.map((point) => ({ name: point.label, value: point.value })),
    }],
  }),
};

function draw(chart) {
  const place = document.querySelector(`[data-chart="${CSS.escape(chart.key)}"]`);
  if (!place || !chart.points.length || !window.echarts || !drawings[chart.kind]) return;
  place.hidden = false;
  const c = look();
  const drawn = window.echarts.init(place, null, { renderer: 'svg' });
  drawn.setOption({ ...base(chart, c), ...(lies(chart, place) ? lying : drawings[chart.kind])(chart, c) });
  place.setAttribute('role', 'img');
  drawn.on('click', ({ dataIndex }) => {
    const url = chart.points[dataIndex]?.url;
    if (url) window.location.assign(url);
  });
  new ResizeObserver(() => drawn.resize()).observe(place);
  document.querySelector(`[data-chart-table="${CSS.escape(chart.key)}"]`).open = false;
}

for (const chart of charts) draw(chart);
