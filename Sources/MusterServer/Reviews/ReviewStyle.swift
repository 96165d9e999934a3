/// How the page of a review looks: on a screen in light and dark, and on paper.
enum ReviewStyle {
    /// - Parameter number: The incident's, for the foot of each printed page.
    static func sheet(number: Int) -> String {
        [colours, text, head, tables, phases, gantt, paper(number)].joined(separator: "\n")
    }

    private static let colours = """
        :root {
          color-scheme: light dark;
          --ink: #1b2128; --soft: #56616d; --faint: #dfe3e8; --ground: #ffffff; --panel: #f5f6f8; --link: #0b57a4;
          --detect: #b26a00; --assess: #7a4fa3; --mitigate: #b3372d; --restore: #1f6fb2; --review: #5b6b7b;
          --unnoticed: #b9b2a6; --alarm: #9c2b20; --good: #1d6b3c; --note: #fff7e0; --note-edge: #d9a400;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ink: #e4e8ec; --soft: #a3aeb9; --faint: #343c45; --ground: #14181d; --panel: #1d232a; --link: #7db8f0;
            --detect: #c8841f; --assess: #9d76c4; --mitigate: #d25a4f; --restore: #4a94d4; --review: #76879a;
            --unnoticed: #5f5a52; --alarm: #f08b80; --good: #7fd09d; --note: #2c2614; --note-edge: #b98f1a;
          }
        }
        """

    private static let text = """
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body {
          margin: 0 auto; padding: 2.5rem 1.5rem 3rem; max-width: 66rem; color: var(--ink); background: var(--ground);
          font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif;
          overflow-wrap: break-word; hyphens: manual;
        }
        h1, h2, h3, h4, h5, h6 { line-height: 1.25; text-wrap: balance; break-after: avoid; }
        h2 {
          margin: 2.75rem 0 .9rem; padding-top: .9rem; border-top: 2px solid var(--ink); font-size: 1.35rem;
          display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: .25rem 1rem;
        }
        h3, h4, h5, h6 { margin: 1.6rem 0 .5rem; font-size: 1.02rem; }
        p, ul, ol, pre, .table { margin: 0 0 .9rem; }
        p, li { max-width: 46rem; }
        ul, ol { padding-left: 1.35rem; }
        li { margin: .2rem 0; }
        a { color: var(--link); }
        pre, code { font: .9em/1.45 ui-monospace, "Cascadia Mono", "Liberation Mono", Menlo, Consolas, monospace; }
        code { background: var(--panel); padding: .1em .3em; border-radius: 3px; }
        pre { background: var(--panel); padding: .8rem 1rem; overflow-x: auto; white-space: pre-wrap; }
        pre code { padding: 0; background: none; }
        blockquote { margin: 0 0 .9rem; padding-left: 1rem; border-left: 3px solid var(--faint); color: var(--soft); }
        hr { margin: 1.4rem 0; border: 0; border-top: 1px solid var(--faint); }
        .origin { font-size: .75rem; font-weight: 400; color: var(--soft); }
        .missing { border-left: 4px solid var(--note-edge); padding-left: 1.1rem; color: var(--soft); }
        .missing h2 { border-top-color: var(--faint); color: var(--ink); }
        footer { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid var(--faint); }
        footer p { font-size: .8rem; color: var(--soft); }
        """

    private static let head = """
        .kicker { margin: 0 0 .4rem; color: var(--soft); font-size: .85rem; letter-spacing: .06em; text-transform: uppercase; }
        .kicker span { margin-left: .6em; color: var(--ink); font-weight: 600; letter-spacing: 0; }
        h1 { margin: 0 0 .8rem; font-size: 2.1rem; letter-spacing: -.012em; max-width: 50rem; unicode-bidi: isolate; }
        .badges { margin: 0 0 1.2rem; display: flex; flex-wrap: wrap; gap: .4rem; }
        .badge { padding: .12rem .6rem; border: 1px solid var(--soft); border-radius: 1rem; font-size: .82rem; }
        .severity.sev1, .severity.sev2 { border-color: var(--alarm); color: var(--alarm); font-weight: 700; }
        .approved { border-color: var(--good); color: var(--good); font-weight: 600; }
        .notice { padding: .5rem .9rem; background: var(--note); border-left: 4px solid var(--note-edge); font-size: .92rem; }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0; margin: 1.4rem 0 0;
          border-top: 1px solid var(--faint); border-bottom: 1px solid var(--faint); }
        .figures div { padding: .8rem .9rem .8rem 0; }
        .figures dt { font-size: .8rem; color: var(--soft); }
        .figures dd { margin: .1rem 0 0; font-size: 1.35rem; font-weight: 600; line-height: 1.25;
          font-variant-numeric: tabular-nums; }
        .figures small { display: block; margin-top: .2rem; font-size: .74rem; font-weight: 400; color: var(--soft); }
        nav ol { columns: 3 11rem; column-gap: 2rem; padding: .9rem 1.1rem .9rem 2.4rem; background: var(--panel);
          font-size: .9rem; }
        nav li { break-inside: avoid; margin: 0 0 .15rem; }
        """

    private static let tables = """
        .table { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: .88rem; line-height: 1.4;
          font-variant-numeric: tabular-nums; }
        th, td { padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--faint); text-align: left;
          vertical-align: top; unicode-bidi: isolate; overflow-wrap: break-word; }
        th { font-size: .78rem; font-weight: 600; color: var(--soft); border-bottom-color: var(--soft); }
        th:last-child, td:last-child { padding-right: 0; }
        td.when { white-space: nowrap; }
        tr { break-inside: avoid; }
        """

    private static let phases = """
        figure { margin: 1.6rem 0 1.4rem; break-inside: avoid; }
        .figure { overflow-x: auto; }
        figcaption { margin-top: .3rem; font-size: .8rem; color: var(--soft); }
        .phases { display: block; width: 100%; min-width: 40rem; height: auto; }
        .phases text { fill: var(--ink); }
        .phases .phase-time, .phases .tick { fill: var(--soft); opacity: 1; }
        .phases .bar-time { fill: #ffffff; }
        .phases .bar-note { fill: var(--ink); }
        .phases .clock { paint-order: stroke; stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round; }
        .phases .lane, .phases .tick-line { stroke: var(--faint); }
        .phases .axis, .phases .cut { stroke: var(--soft); }
        .phases .clock-line { stroke: var(--ink); }
        .phases .gap { fill: var(--soft); }
        .phases .detect { fill: var(--detect); } .phases .assess { fill: var(--assess); }
        .phases .mitigate { fill: var(--mitigate); } .phases .restore { fill: var(--restore); }
        .phases .review { fill: var(--review); } .phases .unnoticed { fill: var(--unnoticed); }
        """

    private static let gantt = """
        .keys { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; margin: 0 0 .3rem; max-width: none; font-size: .8rem;
          color: var(--soft); }
        .keys span { display: inline-flex; align-items: center; gap: .35rem; }
        .phases.key { width: 26px; min-width: 26px; height: 16px; }
        .phases .gantt-waiting { fill: var(--soft); opacity: .55; }
        .phases .gantt-restoring { fill: var(--restore); }
        .phases .gantt-verifying { fill: var(--restore); fill-opacity: .28; stroke: var(--restore); }
        .phases .gantt-planned { fill: var(--ground); stroke: var(--ink); }
        .phases .gantt-regressed, .phases .gantt-alarm { fill: var(--alarm); }
        .phases .gantt-good { fill: var(--good); }
        .phases .gantt-check { stroke: var(--ground); stroke-width: 1.6; }
        .phases .gantt-edge { stroke: var(--ground); }
        .phases .gantt-cross { stroke: var(--alarm); }
        .phases .gantt-forced { stroke: var(--detect); }
        .phases .gantt-waived { stroke: var(--soft); stroke-width: 1.6; }
        .phases circle.gantt-waived { fill: var(--ground); }
        .phases .gantt-note { fill: var(--soft); }
        .phases .gantt-late { fill: var(--alarm); font-weight: 600; }
        .phases .gantt-early { fill: var(--good); font-weight: 600; }
        """

    /// Paper is white, whatever the screen was; links say where they lead.
    private static func paper(_ number: Int) -> String {
        """
        @page {
          size: A4; margin: 17mm 16mm 18mm;
          @bottom-left { content: "INC-\(number) · Post-incident review"; font: 8pt system-ui, sans-serif; color: #56616d; }
          @bottom-right { content: counter(page) " / " counter(pages); font: 8pt system-ui, sans-serif; color: #56616d; }
        }
        @media print {
          :root {
            color-scheme: light;
            --ink: #000000; --soft: #4a545e; --faint: #cfd5db; --ground: #ffffff; --panel: #f5f6f8; --link: #000000;
            --detect: #b26a00; --assess: #7a4fa3; --mitigate: #b3372d; --restore: #1f6fb2; --review: #5b6b7b;
            --unnoticed: #b9b2a6; --alarm: #9c2b20; --good: #1d6b3c; --note: #fff7e0; --note-edge: #d9a400;
          }
          html { font-size: 10pt; }
          body { padding: 0; max-width: none; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          nav { display: none; }
          p, li, h1 { max-width: none; }
          p, li { orphans: 3; widows: 3; }
          h2 { margin-top: 1.8rem; }
          table { font-size: .82rem; }
          thead { display: table-header-group; }
          .table, .figure { overflow: visible; }
          .phases { min-width: 0; }
          pre { white-space: pre-wrap; }
          section a[href^="http"]::after { content: " (" attr(href) ")"; font-size: .85em; color: var(--soft); }
        }
        """
    }
}
