// Draw the charts of a page from the data in the element #data, with uPlot.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const printWidth = 660;
  const font = "12px system-ui, sans-serif";
  let drawn = [];

  const colour = name => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const rounded = (value, digits) => value.toLocaleString("en", { maximumFractionDigits: digits });
  const digits = value => (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 3);
  const exact = (value, unit) => (value == null ? "–" : `${rounded(value, digits(value))}${unit ? ` ${unit}` : ""}`);
  const short = value => {
    for (const [least, suffix] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
      if (Math.abs(value) >= least) return rounded(value / least, 2) + suffix;
    }
    return rounded(value, 3);
  };

  function axis(label, more) {
    const line = { stroke: colour("rule"), width: 1 };
    return { label, labelSize: 22, font, labelFont: font, stroke: colour("faint"), grid: line, ticks: line, ...more };
  }

  // Draw a vertical line with a text next to it, at the top of the plot.
  function mark(plot, at, text, style, row) {
    const { ctx, bbox } = plot;
    const left = Math.round(plot.valToPos(at, "x", true));
    if (left < bbox.left || left > bbox.left + bbox.width) return;
    const scale = uPlot.pxRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = style;
    ctx.lineWidth = 1.5 * scale;
    ctx.setLineDash([4 * scale, 3 * scale]);
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = `${12 * scale}px system-ui, sans-serif`;
    ctx.textBaseline = "top";
    const toLeft = left + ctx.measureText(text).width + 6 * scale > bbox.left + bbox.width;
    ctx.textAlign = toLeft ? "right" : "left";
    ctx.fillText(text, left + (toLeft ? -4 : 4) * scale, bbox.top + (3 + 15 * row) * scale);
    ctx.restore();
  }

  // Shade the phases of the run behind the chart, and write their names above it.
  function shade(plot) {
    const { ctx, bbox } = plot;
    const scale = uPlot.pxRatio;
    ctx.save();
    ctx.font = `${12 * scale}px system-ui, sans-serif`;
    ctx.textBaseline = "bottom";
    for (const { name, from, to } of data.phases) {
      const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
      if (right <= left) continue;
      ctx.globalAlpha = 0.13;
      ctx.fillStyle = colour(name);
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.globalAlpha = 1;
      ctx.fillRect(left, bbox.top - 2 * scale, right - left, 2 * scale);
      ctx.fillStyle = colour("faint");
      if (ctx.measureText(name).width <= right - left) ctx.fillText(name, left, bbox.top - 4 * scale);
    }
    ctx.restore();
  }

  function marks(plot, list) {
    list.forEach(({ at, text, kind }, place) => mark(plot, at, text, colour(kind), place % 4));
  }

  // Return the series of a stack: the highest sum first, so that the lower ones are drawn over it.
  function stacked(chart) {
    const sums = [];
    chart.series.forEach(({ values }, place) => {
      sums.push(values.map((value, at) => value + (place ? sums[place - 1][at] : 0)));
    });
    const paths = uPlot.paths.stepped({ align: 1 });
    const layers = chart.series.map(({ label, values, kind }, place) => ({
      data: sums[place],
      options: {
        label, paths, stroke: colour(kind), fill: colour(kind), width: 0, points: { show: false },
        value: (_, __, ___, at) => exact(at == null ? null : values[at], chart.unit),
      },
    })).reverse();
    if (layers.length > 1) {
      const value = (_, sum) => exact(sum, chart.unit);
      const options = { label: "fleet", paths, stroke: colour("ink"), width: 1.5, points: { show: false }, value };
      layers.push({ data: sums[sums.length - 1], options });
    }
    return layers;
  }

  function lines(chart) {
    const paths = chart.stepped ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear();
    const known = values => values.filter(value => value != null).length;
    return chart.series.map(({ label, values, kind, dash }) => ({
      data: values,
      options: {
        label, paths, stroke: colour(kind), width: 2, dash,
        points: { show: known(values) <= 40 && !chart.stepped, size: 5, fill: colour(kind) },
        value: (_, value) => exact(value, chart.unit),
      },
    }));
  }

  function bars(chart) {
    const paths = uPlot.paths.bars({ size: [0.92, 60], align: 0 });
    return chart.series.map(({ label, values, kind }) => ({
      data: values,
      options: {
        label, paths, stroke: colour(kind), fill: colour(kind), width: 0, points: { show: false },
        value: (_, value) => exact(value, chart.unit),
      },
    }));
  }

  const kinds = { stack: stacked, lines, bars };

  function xAxis(chart, width) {
    if (!chart.edges) return axis(chart.xLabel, { size: 34, values: (_, splits) => splits.map(each => rounded(each, 3)) });
    const every = Math.max(1, Math.ceil(chart.edges.length / (width / 62)));
    const shown = chart.edges.map((_, place) => place).filter(place => place % every === 0);
    return axis(chart.xLabel, {
      size: 34,
      splits: () => shown.map(place => place - 0.5),
      values: () => shown.map(place => rounded(chart.edges[place], digits(chart.edges[place]))),
    });
  }

  function xText(chart, value, at) {
    if (value == null || at == null) return "–";
    if (chart.edges) return `${exact(chart.edges[at])} to ${exact(chart.edges[at + 1], "ms")}`;
    return chart.step ? `${rounded(value, 3)} to ${rounded(value + chart.step, 3)} s` : `${rounded(value, 3)} s`;
  }

  function draw(chart, width) {
    const place = document.getElementById(`${chart.id}-plot`);
    const layers = kinds[chart.kind](chart);
    const yText = value => (chart.unit === "ms" ? rounded(value, 3) : short(value));
    const overTime = chart.range !== undefined && !chart.edges;
    const options = {
      width,
      height: Math.max(220, Math.min(300, width * 0.5)),
      padding: [overTime ? 22 : 10, 12, 0, 0],
      cursor: { y: false, drag: { x: true, y: false }, sync: overTime ? { key: "time", setSeries: false } : undefined },
      scales: {
        x: { time: false, range: (_, low, high) => (plotIsZoomed(chart, low, high) ? [low, high] : chart.range) },
        y: chart.log ? { distr: 3, log: 2 } : { range: (_, __, high) => [0, high > 0 ? high * 1.08 : 1] },
      },
      axes: [
        xAxis(chart, width),
        axis(chart.yLabel, { size: 52, values: (_, splits) => splits.map(each => (each == null ? "" : yText(each))) }),
      ],
      series: [
        { label: chart.xName, value: (_, value, __, at) => xText(chart, value, at) },
        ...layers.map(layer => layer.options),
      ],
      hooks: {
        drawClear: [plot => overTime && shade(plot)],
        draw: [plot => marks(plot, overTime ? data.deaths.concat(chart.marks) : chart.marks)],
      },
    };
    return new uPlot(options, [chart.x, ...layers.map(layer => layer.data)], place);
  }

  // A drag sets a range within the chart's own; the first range is that of the data.
  function plotIsZoomed(chart, low, high) {
    const [first, last] = [chart.x[0], chart.x[chart.x.length - 1]];
    return low !== null && (low !== first || high !== last) && high > low;
  }

  function drawAll(width) {
    drawn.forEach(({ plot }) => plot.destroy());
    drawn = data.charts.map(chart => {
      const place = document.getElementById(`${chart.id}-plot`);
      return { place, plot: draw(chart, width ?? place.clientWidth) };
    });
  }

  // Show the text of a bar that the reader points at, also on a screen without a pointer.
  function show(event) {
    const text = event.target.closest?.(".track rect")?.querySelector("title")?.textContent;
    const line = event.target.closest?.("figure")?.querySelector(".readout");
    if (text && line) line.textContent = text;
  }

  drawAll();
  new ResizeObserver(() => {
    if (root.classList.contains("printing")) return;
    for (const { place, plot } of drawn) {
      if (place.clientWidth && place.clientWidth !== plot.width) {
        plot.setSize({ width: place.clientWidth, height: plot.height });
      }
    }
  }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  addEventListener("beforeprint", () => {
    root.classList.add("printing");
    drawAll(printWidth);
  });
  addEventListener("afterprint", () => {
    root.classList.remove("printing");
    drawAll();
  });
  document.addEventListener("pointerover", show);
  document.addEventListener("click", show);
})();
