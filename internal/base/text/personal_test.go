package text

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Each case is the text with what must be marked in brackets: [kind what].
func TestPersonalIsFound(t *testing.T) {
	for _, in := range []string{
		"联系[phone 13912345678]谢谢",
		"[phone １３９１２３４５６７８]",
		"[phone 139-1234-5678] 或 [phone 138 0000 1111]",
		"[phone 13912345678] [phone 13812345678].[phone 13812345678]",
		"[phone +86 13912345678],[phone 8613912345678]",
		"[phone 0513-85512345]、[phone 051385512345]、[phone (0513)85512345]",
		"[phone 010-6512 1234] [phone 0513-8551-2345-801] [phone 0513-85512345转12]",
		"座机：[phone 85512345]",
		"身份证[id_card 11010519491231002X]，",
		"[id_card 110105 19491231 002x]",
		"[id_card 130503670401001]",
		"卡号[bank_card 6222 0212 3456 7890 128]",
		"[bank_card 4111111111111111]",
		"[email wang.li+1@mail.example.com]和[email 13912345678@163.com]",
		"车牌[plate 苏F12345]乱停，[plate 蘇F·D12345]、[plate 京AD12345]、[plate 沪a8B5C1]",
		"[plate 苏F1234学]占道",
		"我叫[name 王小明]，住在三栋",
		"我叫[name 王小明]住在三栋",
		"您好，我叫：[name 欧阳锋]。",
		"我是[name 王小明]。",
		"我是三栋的[name 李四]，",
		"联系人：[name 张三] 电话[phone 13912345678]",
		"我叫[name 高明]电话[phone 13912345678]",
		"我叫[name 張偉]，",
	} {
		want := in
		var b strings.Builder
		for rest := in; rest != ""; {
			before, mark, ok := strings.Cut(rest, "[")
			b.WriteString(before)
			if !ok {
				break
			}
			mark, rest, _ = strings.Cut(mark, "]")
			_, what, _ := strings.Cut(mark, " ")
			b.WriteString(what)
		}
		if got := bracket(b.String()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func bracket(s string) string {
	var b strings.Builder
	done := 0
	for _, m := range Personal(s) {
		fmt.Fprintf(&b, "%s[%s %s]", s[done:m.From], m.Kind, s[m.From:m.To])
		done = m.To
	}
	return b.String() + s[done:]
}

func TestOrdinaryNumbersAreNotPersonal(t *testing.T) {
	for _, s := range []string{
		"260622-0017", "办件编号260622-0017已办完", "10-2-301", "3栋2单元1202室", "2026-06-22 10:30:05", "2026.06.22-2026.07.22",
		"12345热线", "110", "96110", "400-820-8820", "工号20260622", "206室 1208室", "320602001001", "120.8648123, 32.02512345678",
		"金额13912.50元", "单号202606221234567890", "16666666666666", "1390元", "110105194912310021", "面积85512345", "4111111111111112",
		"新A10栋", "京A1234", "苏A楼12345", "我是业主", "我是高中生", "我是和平桥社区居民。", "我是常住人口", "我是住在三栋的居民。", "我是王阿姨的邻居在三栋",
		"我是三栋的居民", "我叫物业来修", "粤B1234567", "粤BD12345678", "苏FABC12", "120.13912345678", "4111111111111116", "我是陈户主，", "我是安保。", "他叫了半天", "a@b", "@张三",
	} {
		if m := Personal(s); len(m) > 0 {
			t.Errorf("%s: %s", s, bracket(s))
		}
	}
}

func TestMaskLeavesNothing(t *testing.T) {
	s := "我叫王小明，13912345678，苏F12345"
	if got, want := Mask(s, Personal(s)), "我叫***，***，***"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := Mask("abcdef", []Mark{{2, 4, ""}, {1, 3, ""}, {5, 99, ""}, {3, 3, ""}}); got != "a***e***" {
		t.Error(got)
	}
	part := rapid.SampledFrom([]string{"13912345678", "139 1234 5678", "我叫王小明", "我是李四", "，", " ", "-", "苏F12345", "0513-85512345", "a@b.cn", "在", "11010519491231002X", "4111111111111111", "1", "电话", "."})
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "parts"), "")
		masked := Mask(s, Personal(s))
		if m := Personal(masked); len(m) > 0 {
			t.Fatalf("%q masked is %q, and has %v", s, masked, m)
		}
	})
}
