(function () {
  "use strict";
  var rows = Array.prototype.slice.call(document.querySelectorAll("tr[data-host], tr[data-home]"));
  var placements = rows.filter(function (row) { return row.closest("#placements"); });
  var map = document.querySelector(".map");
  var circles = Array.prototype.slice.call(map.querySelectorAll("[data-region]"));
  var flows = Array.prototype.slice.call(map.querySelectorAll(".flow"));
  var field = document.getElementById("filter");
  var shown = document.getElementById("shown");
  var all = document.getElementById("all");
  var region = "", word = "";
  var block = document.getElementById("rest"), rest = block ? JSON.parse(block.textContent) : {};
  var first = window.matchMedia("(max-width: 640px)").matches ? 10 : 30;
  var lists = Array.prototype.slice.call(document.querySelectorAll("#placements, #refused")).map(function (table) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "rest-of";
    table.after(button);
    var list = { kind: table.id, body: table.tBodies[0], rows: Array.prototype.slice.call(table.tBodies[0].rows),
      data: rest[table.id] || [], made: [], button: button, open: false };
    button.addEventListener("click", function () { list.open = true; shorten(list); });
    return list;
  });
  function name(at) { return at < 0 ? "" : rest.regions[at][1]; }
  function matches(list, row) {
    var host = list.kind === "placements" ? row[3] : -1;
    var near = !region || [row[2], host].some(function (at) { return at >= 0 && rest.regions[at][0] === region; });
    return near && (list.kind !== "placements" || !word || row.map(function (cell, at) {
      return at === 2 || at === 3 ? name(cell) : cell;
    }).join(" ").toLowerCase().indexOf(word) >= 0);
  }
  function make(list, row) {
    var line = document.createElement("tr"), head = document.createElement("th"), small = document.createElement("small");
    var cells = list.kind === "placements" ? [name(row[2]), name(row[3]), row[4], row[5], row[6] || "–", row[7].toLocaleString("en"), "…"] : [name(row[2]), row[3]];
    head.scope = "row";
    head.textContent = row[0] + " ";
    small.textContent = document.body.dataset.people.replace("#", row[1]);
    head.appendChild(small);
    line.appendChild(head);
    cells.forEach(function (cell, at) {
      var box = document.createElement("td");
      box.textContent = cell;
      box.className = at === 4 || at === 5 ? "n" : "";
      line.appendChild(box);
    });
    return list.body.appendChild(line);
  }
  function shorten(list) {
    var matching = list.rows.filter(function (row) { return !row.hidden; });
    var more = list.data.filter(matches.bind(null, list));
    var isLong = !list.open && matching.length + more.length > first + 5;
    list.made.forEach(function (row) { row.remove(); });
    // rows that are made are never too many for the page: a search narrows them
    list.made = more.slice(0, isLong ? 0 : 2000).map(make.bind(null, list));
    if (isLong && matching.length < first) { list.made = more.slice(0, first - matching.length).map(make.bind(null, list)); }
    matching.forEach(function (row, at) { row.classList.toggle("later", isLong && at >= first); });
    list.button.hidden = !isLong;
    list.button.textContent = document.body.dataset.all.replace("#", matching.length + more.length);
    list.found = matching.length + more.length;
  }
  function apply() {
    word = field ? field.value.trim().toLowerCase() : "";
    rows.forEach(function (row) {
      var near = !region || row.dataset.host === region || row.dataset.home === region;
      var named = placements.indexOf(row) < 0 || !word || row.textContent.toLowerCase().indexOf(word) >= 0;
      row.hidden = !(near && named);
    });
    lists.forEach(shorten);
    flows.forEach(function (flow) {
      flow.classList.toggle("picked", !!region && (flow.dataset.host === region || flow.dataset.home === region));
    });
    circles.forEach(function (circle) {
      circle.setAttribute("aria-pressed", region && circle.dataset.region === region ? "true" : "false");
    });
    map.classList.toggle("picking", !!region);
    all.hidden = !region;
    lists.filter(function (list) { return list.kind === "placements" && shown; }).forEach(function (list) {
      shown.textContent = region || word ? list.found + " / " + (placements.length + list.data.length) : "";
    });
  }
  function pick(event) {
    var id = event.target.dataset.region;
    if (!id || (event.type === "keydown" && event.key !== "Enter" && event.key !== " ")) { return; }
    event.preventDefault();
    region = region === id ? "" : id;
    apply();
  }
  function clear() { if (field) { field.value = ""; } region = ""; apply(); }
  lists.forEach(shorten);
  map.addEventListener("click", pick);
  map.addEventListener("keydown", pick);
  all.addEventListener("click", clear);
  if (field) {
    field.addEventListener("input", apply);
    document.getElementById("clear").addEventListener("click", clear);
  }
}());
