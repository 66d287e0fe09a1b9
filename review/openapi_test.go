package review_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// description is what of OpenAPI the tests look at.
func description(t *testing.T, c *client) object {
	t.Helper()
	d := c.must("GET", "/api/v1/openapi.json", nil)
	if d["openapi"] != "3.1.0" {
		t.Fatalf("openapi %v", d["openapi"])
	}
	return d
}

func TestTheDescriptionHasEveryRouteAndNoOther(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	described := make(map[string]string)
	for path, methods := range description(t, &client{p: p, header: http.Header{}})["paths"].(object) {
		for method, operation := range methods.(object) {
			described[strings.ToUpper(method)+" "+path], _ = operation.(object)["x-permission"].(string)
		}
	}
	served := make(map[string]string)
	for _, r := range p.server.Routes() {
		served[r.Method+" "+r.Path] = r.Permission
	}
	if !maps.Equal(described, served) {
		t.Errorf("described\n%v\nand served\n%v", described, served)
	}
}

// What the server answers is what the description says.
func TestAnswersAreAsDescribed(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(append(manyAlerts(t, "a", 8, 1), alert(t, "b", 1, 0, .5), alert(t, "c", 1, 0, .5))...)
		c := p.token("ann", "read,work,lists,audit")
		d := description(t, c)
		check := func(method, path, described string, body any) object {
			t.Helper()
			operation := d["paths"].(object)[described].(object)[strings.ToLower(method)].(object)
			answer := c.must(method, path, body)
			schema := operation["responses"].(object)["200"].(object)["content"].(object)["application/json"].(object)["schema"].(object)
			for _, fault := range faults(d, schema, answer, path) {
				t.Error(fault)
			}
			return answer
		}
		v := c.queue("account=a")[0]
		steps := []struct {
			name string
			more object
		}{
			{"claim", nil}, {"notes", object{"note": "x"}}, {"release", nil}, {"snooze", object{"until": "2100-01-01T00:00:00Z"}}, {"dispose", object{"label": "fraud"}}, {"reopen", nil},
			{"dispose", object{"label": "unsure", "note": "y"}},
		}
		for _, s := range steps {
			body := object{"version": v["version"]}
			maps.Copy(body, s.more)
			v = check("POST", casePath(v, "/"+s.name), "/api/v1/cases/{id}/"+s.name, body)
		}
		check("POST", "/api/v1/undo", "/api/v1/undo", object{"undo": v["undo"]})
		b := c.queue("account=b")[0]
		check("POST", "/api/v1/cases:dispose", "/api/v1/cases:dispose", object{"cases": []object{{"id": b["id"], "version": b["version"]}}, "label": "fraud"})
		check("POST", merchants, "/api/v1/lists/{list}/entries", object{"key": "shop"})
		check("DELETE", merchants+"?key=shop", "/api/v1/lists/{list}/entries", nil)
		check("POST", merchants, "/api/v1/lists/{list}/entries", object{"key": "shop", "until": "2100-01-01T00:00:00Z", "reason": "x"})
		for described, path := range map[string]string{
			"/lists": "/lists", "/lists/{list}/entries": "/lists/block:merchants/entries",
			"/me": "/me", "/queue": "/queue", "/cases/{id}": "/cases/1", "/alerts/{id}": "/alerts/a-1", "/accounts/{id}/timeline": "/accounts/a/timeline",
			"/search": "/search?q=shop", "/stats": "/stats", "/audit": "/audit", "/openapi.json": "/openapi.json",
		} {
			check("GET", "/api/v1"+path, "/api/v1"+described, nil)
		}
	})
}

// faults compares a value with a schema, as far as this description goes.
func faults(d, schema object, value any, at string) (list []string) {
	if ref, ok := schema["$ref"].(string); ok {
		return faults(d, d["components"].(object)["schemas"].(object)[ref[strings.LastIndex(ref, "/")+1:]].(object), value, at)
	}
	if several, ok := schema["oneOf"].([]any); ok {
		for _, one := range several {
			if len(faults(d, one.(object), value, at)) == 0 {
				return nil
			}
		}
		return []string{fmt.Sprintf("%s: %v is none of those it may be", at, value)}
	}
	types, ok := schema["type"].([]any)
	if !ok {
		types = []any{schema["type"]}
	}
	if !slices.Contains(types, any(typeOf(value))) && (typeOf(value) != "number" || !slices.Contains(types, any("integer"))) {
		return []string{fmt.Sprintf("%s: %v is of type %s and not %v", at, value, typeOf(value), types)}
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, value) {
		list = append(list, fmt.Sprintf("%s: %v is not one of %v", at, value, enum))
	}
	switch value := value.(type) {
	case []any:
		for i, v := range value {
			list = append(list, faults(d, schema["items"].(object), v, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case object:
		properties, _ := schema["properties"].(object)
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := value[name.(string)]; !ok {
				list = append(list, fmt.Sprintf("%s: %v is missing", at, name))
			}
		}
		for name, v := range value {
			if s, ok := properties[name].(object); ok {
				list = append(list, faults(d, s, v, at+"."+name)...)
			} else if schema["additionalProperties"] == false {
				list = append(list, fmt.Sprintf("%s: %s is not described", at, name))
			}
		}
	}
	return list
}

func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
