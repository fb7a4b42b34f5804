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
  var region = "";
  var first = window.matchMedia("(max-width: 640px)").matches ? 10 : 30;
  var lists = Array.prototype.slice.call(document.querySelectorAll("#placements, #refused")).map(function (table) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "rest-of";
    table.after(button);
    var list = { rows: Array.prototype.slice.call(table.tBodies[0].rows), button: button, open: false };
    button.addEventListener("click", function () { list.open = true; shorten(list); });
    return list;
  });
  function shorten(list) {
    var matching = list.rows.filter(function (row) { return !row.hidden; });
    var isLong = !list.open && matching.length > first + 5;
    matching.forEach(function (row, at) { row.classList.toggle("later", isLong && at >= first); });
    list.button.hidden = !isLong;
    list.button.textContent = document.body.dataset.all.replace("#", matching.length);
  }
  function apply() {
    var word = field ? field.value.trim().toLowerCase() : "", count = 0;
    rows.forEach(function (row) {
      var near = !region || row.dataset.host === region || row.dataset.home === region;
      var named = placements.indexOf(row) < 0 || !word || row.textContent.toLowerCase().indexOf(word) >= 0;
      row.hidden = !(near && named);
    });
    placements.forEach(function (row) { count += row.hidden ? 0 : 1; });
    lists.forEach(shorten);
    flows.forEach(function (flow) {
      flow.classList.toggle("picked", !!region && (flow.dataset.host === region || flow.dataset.home === region));
    });
    circles.forEach(function (circle) {
      circle.setAttribute("aria-pressed", region && circle.dataset.region === region ? "true" : "false");
    });
    map.classList.toggle("picking", !!region);
    all.hidden = !region;
    if (shown) { shown.textContent = region || word ? count + " / " + placements.length : ""; }
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
