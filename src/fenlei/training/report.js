"use strict";
(() => {
  const choose = (zh) => {
    document.getElementById(zh ? "lang-zh" : "lang-en").checked = true;
    document.documentElement.lang = zh ? "zh" : "en";
  };
  choose((navigator.language || "").toLowerCase().startsWith("zh"));
  for (const radio of document.getElementsByName("lang")) {
    radio.addEventListener("change", () => choose(document.getElementById("lang-zh").checked));
  }
  const value = (row, column) => Number(row.cells[column].dataset.v);
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        // The weakest class first: that is what one looks for.
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => (down ? -1 : 1) * (value(a, column) - value(b, column)) || value(a, 0) - value(b, 0));
        table.tBodies[0].append(...rows);
      });
    });
  }
})();
